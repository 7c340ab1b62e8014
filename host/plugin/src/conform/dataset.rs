//! Laws of dataset sources. The host checks the promises of every answer.

use plimsoll_core::{BlockNumber, CheckedRow, DatasetPlace, Decoded, is_commit};

use super::cases::Numbers;
use super::policies::{answered, same};
use super::report::Laws;
use crate::limits::{BATCH_BYTES, COMMITMENT_BYTES, LINE_BYTES};
use crate::{DatasetSource, DatasetSourceInstance, PluginError, Refusal};

/// What competitions are called on subnets that we know of.
const COMPETITIONS: [&str; 5] = ["", "1", "2", "20261121", "test"];
const BLOCK: BlockNumber = BlockNumber(7_082_055);

pub(super) fn source(source: &DatasetSource, laws: &mut Laws) {
    let said = |e: PluginError| e.to_string();
    let places = laws.holds("what it encodes it decodes again", || {
        let (mut numbers, mut instance) = (Numbers::new("places"), source.instance().map_err(said)?);
        encoded(&mut numbers, &mut instance)
    });
    let known = places.unwrap_or_default();
    laws.holds("the same commitment says the same for the same fuel in fresh instances", || {
        let mut numbers = Numbers::new("commitments again");
        for commitment in known.iter().cloned().chain([0, 1, 64, 128].map(|len| numbers.bytes(len))) {
            let ask = || {
                let mut instance = source.instance()?;
                Ok((instance.decode(&commitment, BLOCK)?, instance.fuel_used()))
            };
            same(&ask().map_err(said)?, &ask().map_err(said)?)?;
        }
        Ok(())
    });
    laws.holds("no commitment makes it break down", || {
        let (mut numbers, mut instance) = (Numbers::new("commitments"), source.instance().map_err(said)?);
        let all = commitments(&mut numbers, &known);
        let asked: Vec<(&[u8], BlockNumber)> = all.iter().map(|bytes| (&bytes[..], BLOCK)).collect();
        for answer in instance.decode_all(&asked) {
            answered(answer)?;
        }
        Ok(())
    });
    rows(source, laws);
    laws.holds("a competition's limits can be kept, and any identifier can be asked for", || {
        let (mut numbers, mut instance) = (Numbers::new("competitions"), source.instance().map_err(said)?);
        let drawn = (0..40).map(|len| String::from_utf8_lossy(&numbers.bytes(len)).into_owned());
        for id in COMPETITIONS.iter().map(|id| (*id).to_owned()).chain(drawn) {
            let first = answered(instance.competition(&id))?;
            same(&first, &answered(instance.competition(&id))?)?;
        }
        Ok(())
    });
}

fn rows(source: &DatasetSource, laws: &mut Laws) {
    let said = |e: PluginError| e.to_string();
    laws.holds("a line is the same row alone and among others, for the same fuel in fresh instances", || {
        let mut numbers = Numbers::new("rows again");
        let lines = lines(&mut numbers);
        let all: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        for competition in COMPETITIONS {
            let ask = |lines: &[&[u8]]| {
                let mut instance = source.instance()?;
                Ok((instance.check_rows(lines, competition)?, instance.fuel_used()))
            };
            let together = ask(&all).map_err(said)?;
            same(&together, &ask(&all).map_err(said)?)?;
            for (line, row) in all.iter().zip(&together.0) {
                same(&vec![row.clone()], &ask(&[line]).map_err(said)?.0)?;
            }
        }
        Ok(())
    });
    laws.holds("no line makes it break down, nor do as many of the longest as a call may carry", || {
        let mut instance = source.instance().map_err(said)?;
        let most_fuel = source.limits().fuel.check_rows / (BATCH_BYTES / LINE_BYTES) as u64;
        for line in long_lines() {
            answered(instance.check_rows(&[&line], "1"))?;
            let (used, begins) = (instance.fuel_used(), String::from_utf8_lossy(&line[..9]).into_owned());
            if used > most_fuel {
                return Err(format!(
                    "a line that begins {begins:?} takes {used} of fuel, at most {most_fuel}"
                ));
            }
        }
        Ok(())
    });
    laws.holds("rows of different texts have different identities", || {
        let mut instance = source.instance().map_err(said)?;
        let texts: Vec<String> = (0..200).map(|at| sample_row(&format!("question {at}"))).collect();
        let all: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
        let rows = instance.check_rows(&all, "1").map_err(said)?;
        let ids: Vec<_> = rows.iter().filter_map(CheckedRow::id).collect();
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        match ids.len() - distinct.len() {
            0 => Ok(()),
            twice => Err(format!("{twice} of {} different lines are taken for another", ids.len())),
        }
    });
}

/// Commitments of drawn places, each of which decodes to its place again.
fn encoded(numbers: &mut Numbers, instance: &mut DatasetSourceInstance) -> Result<Vec<Vec<u8>>, String> {
    let mut all = Vec::new();
    for at in 0..60 {
        let namespace = format!("{}/{}", name(numbers), name(numbers));
        let revision = match at % 3 {
            0 => ["main", "v1.0", "refs/pr/1"][numbers.place(3)].to_owned(),
            _ => numbers.digest().to_string()[..40].to_owned(),
        };
        let competition = COMPETITIONS[numbers.place(COMPETITIONS.len())];
        let commitment = match instance.encode(&namespace, &revision, competition) {
            Ok(commitment) => commitment,
            Err(PluginError::Refused { why: Refusal::Unsupported(_), .. }) => return Ok(all),
            Err(PluginError::Refused { .. }) => continue,
            Err(error) => return Err(error.to_string()),
        };
        let asked = format!("{namespace} at {revision} for {competition}");
        match instance.decode(&commitment, BLOCK).map_err(|e| format!("{asked}: {e}"))? {
            Decoded::Dataset(place) if is_same(&place, (&namespace, &revision, competition)) => {}
            Decoded::Dataset(place) => return Err(format!("{asked} is read as {place:?}")),
            Decoded::NotMine(why) => return Err(format!("{asked} is not read any more: {why}")),
        }
        all.push(commitment);
    }
    match all.is_empty() {
        true => {
            Err("it has a commitment for none of 60 repositories; say `unsupported` if it knows none".into())
        }
        false => Ok(all),
    }
}

fn is_same(place: &DatasetPlace, (namespace, revision, competition): (&str, &str, &str)) -> bool {
    place.namespace == namespace
        && place.revision == revision
        && place.competition == competition
        && place.pinned == is_commit(revision)
}

/// One part of a repository's name.
fn name(numbers: &mut Numbers) -> String {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    const INNER: &[u8] = b"-._";
    let length = 1 + numbers.place(24);
    let mut name: String = (0..length).map(|_| char::from(LETTERS[numbers.place(LETTERS.len())])).collect();
    if length > 4 && numbers.below(2) == 0 {
        name.replace_range(2..3, &char::from(INNER[numbers.place(INNER.len())]).to_string());
    }
    name
}

/// Noise of every length, and known commitments that are cut, lengthened and damaged.
fn commitments(numbers: &mut Numbers, known: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = (0..=COMMITMENT_BYTES).step_by(7).map(|len| numbers.bytes(len)).collect();
    all.extend([0, 1, 127, 128, 129, 512, COMMITMENT_BYTES, COMMITMENT_BYTES + 1].map(|len| vec![b':'; len]));
    for commitment in known.iter().take(20) {
        for cut in 0..commitment.len() {
            all.push(commitment[..cut].to_vec());
            let mut damaged = commitment.clone();
            damaged[cut] ^= 1 << numbers.below(8);
            all.push(damaged);
        }
        all.push([&commitment[..], commitment].concat());
    }
    all
}

fn sample_row(question: &str) -> String {
    format!(
        r#"{{"system": null, "conversations": [{{"role": "user", "content": "{question}"}}, {{"role": "assistant", "content": "Yes."}}]}}"#
    )
}

/// Rows as known datasets have them, and what is none.
fn lines(numbers: &mut Numbers) -> Vec<Vec<u8>> {
    let row = sample_row("Is it so?");
    let texts = [
        "",
        " ",
        "{}",
        "[]",
        "1",
        "NaN",
        "null",
        "\"\\ud800\"",
        "{\"conversations\": []}",
        "\u{feff}{}",
        "{\"a\": 1,}",
    ];
    let mut lines: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    lines.extend((0..row.len()).step_by(5).map(|cut| row.as_bytes()[..cut].to_vec()));
    lines.extend((0..40).map(|at| {
        let mut damaged = row.clone().into_bytes();
        damaged[numbers.place(row.len())] ^= 1 << (at % 8);
        damaged
    }));
    lines.extend((0..20).map(|len| numbers.bytes(9 * len)));
    lines.push(row.into_bytes());
    lines
}

/// Lines as long as they may be, each hard for some parser.
fn long_lines() -> Vec<Vec<u8>> {
    let full = |part: &str| part.bytes().cycle().take(LINE_BYTES).collect::<Vec<u8>>();
    let framed = |before: &str, part: &str, after: &str| {
        let inner = LINE_BYTES - before.len() - after.len();
        [
            before.bytes().collect(),
            part.bytes().cycle().take(inner).collect(),
            after.bytes().collect::<Vec<u8>>(),
        ]
        .concat()
    };
    let mut all: Vec<_> =
        ["[", "{\"a\":", "\"", "\\", " ", "9", "\0", "\u{ff}", "{}", ",", "-", "0."].map(full).into();
    all.extend([
        framed("\"", "a", "\""),
        framed("\"", "\\n", "\""),
        framed("[", "1, ", "1]"),
        framed("", "9", ""),
        framed("1e", "9", ""),
        framed("0.", "1", ""),
        framed("{", "\"a\":1,", "\"a\":1}"),
    ]);
    all.push([vec![b'['; LINE_BYTES / 2], vec![b']'; LINE_BYTES / 2]].concat());
    all.push(vec![0xff; LINE_BYTES]);
    all
}
