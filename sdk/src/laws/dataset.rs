//! Laws of dataset sources.

use super::plugin::configured;
use super::{granted, law};
use crate::{
    CheckedRow, CompetitionLimits, DatasetSource, Decoded, Draws, Finding, Source, is_commit, is_competition,
    is_file_path, is_repository, is_revision,
};

const CASES: u64 = 400;
const BLOCK: u64 = 7_082_055;
/// What `decode`, `encode` and `check_row` are tried with where a sample names none.
const COMPETITIONS: [&str; 4] = ["", "1", "20261121", "\u{fffd} none"];

/// Tests that the `commitments` name datasets that a hub can be asked for, and are read again when they are
/// [encoded](DatasetSource::encode); that the `rows` are rows, each the same alone and among others; that whatever is
/// made of both, and noise, is neither a panic nor an error; that limits can be kept.
///
/// # Panics
/// Where a law is broken.
#[track_caller]
pub fn dataset_source<P: DatasetSource>(config_json: &str, commitments: &[&str], rows: &[&str]) {
    let source: P = configured(config_json);
    law::<P>("there are samples to try", !commitments.is_empty() && !rows.is_empty(), String::new);
    let mut draws = Draws::new("laws of dataset sources", &[]);
    let mut competitions: Vec<String> = COMPETITIONS.map(str::to_owned).to_vec();
    for sample in commitments {
        let place = sampled(&source, sample);
        competitions.push(place.competition);
    }
    for _ in 0..CASES {
        let commitment = damaged(&mut draws, commitments);
        if let Decoded::Source(place) = decoded(&source, &commitment) {
            lawful::<P>(&place);
        }
    }
    for competition in &competitions {
        lines(&source, &mut draws, rows, competition);
        let limits = granted::<P, _>("competition", competition, || source.competition(competition));
        let can_be_kept = limits.as_ref().is_none_or(kept);
        law::<P>("limits can be kept", can_be_kept, || format!("{limits:?} of `{competition}`"));
    }
}

/// The dataset that a sample names, after it was read, written and read again.
#[track_caller]
fn sampled<P: DatasetSource>(source: &P, sample: &str) -> Source {
    let Decoded::Source(place) = decoded(source, sample.as_bytes()) else {
        panic!("{} breaks the law «a sample names a dataset»: `{sample}`", P::NAME)
    };
    lawful::<P>(&place);
    let Source { namespace, revision, competition, .. } = &place;
    match source.encode(namespace, revision, competition) {
        Ok(commitment) => {
            let again = decoded(source, &commitment);
            let is_same = again == Decoded::Source(place.clone());
            law::<P>("what it encodes it decodes again", is_same, || format!("{place:?}, then {again:?}"));
        }
        Err(crate::PluginError::Unsupported(_)) => {}
        Err(error) => {
            panic!("{} breaks the law «what it decodes it encodes»: {error}, for {place:?}", P::NAME)
        }
    }
    place
}

#[track_caller]
fn decoded<P: DatasetSource>(source: &P, commitment: &[u8]) -> Decoded {
    let case = String::from_utf8_lossy(commitment).into_owned();
    let first = granted::<P, _>("decode", &case, || source.decode(commitment, BLOCK));
    let again = granted::<P, _>("decode", &case, || source.decode(commitment, BLOCK));
    law::<P>("the same commitment says the same", first == again, || case);
    first
}

#[track_caller]
fn lawful<P: DatasetSource>(place: &Source) {
    let case = || format!("{place:?}");
    law::<P>("a namespace is a repository of the hub", is_repository(&place.namespace), case);
    law::<P>("a revision is a commit, branch or tag", is_revision(&place.revision), case);
    law::<P>("only a commit is pinned", !place.pinned || is_commit(&place.revision), case);
    law::<P>("a path is a file in a repository", is_file_path(&place.path), case);
    let plain = is_competition(&place.competition);
    law::<P>("a competition has at most 64 printable ASCII bytes", plain, case);
}

#[track_caller]
fn lines<P: DatasetSource>(source: &P, draws: &mut Draws, rows: &[&str], competition: &str) {
    let mut lines: Vec<Vec<u8>> = rows.iter().map(|row| row.as_bytes().to_vec()).collect();
    lines.extend((0..CASES / 4).map(|_| damaged(draws, rows)));
    let case = &(lines.len(), competition);
    let together = granted::<P, _>("check_rows", case, || source.check_rows(&lines, competition));
    law::<P>("each line gets its answer", together.len() == lines.len(), || format!("{case:?}"));
    for (line, row) in lines.iter().zip(&together) {
        let text = String::from_utf8_lossy(line).into_owned();
        let alone = granted::<P, _>("check_row", &text, || source.check_row(line, competition));
        law::<P>("a line is the same alone and among others", alone == *row, || text.clone());
        if let CheckedRow::Flawed(_, finding) | CheckedRow::Invalid(finding) = row {
            law::<P>("a finding has a short plain name", is_named(finding), || format!("{finding:?}"));
        }
    }
    let samples_are_rows = together.iter().take(rows.len()).all(|row| row.id().is_some());
    law::<P>("the samples are rows", samples_are_rows, || format!("{:?}", &together[..rows.len()]));
}

fn is_named(finding: &Finding) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=32).contains(&finding.name.len()) && finding.name.bytes().all(is_word) && !finding.what.is_empty()
}

fn kept(limits: &CompetitionLimits) -> bool {
    let evaluation = limits.evaluation.as_ref();
    let day = limits.window.map(|at| [at.opens_minute, at.closes_minute, at.pays_minute]);
    limits.rows > 0
        && evaluation.is_none_or(|set| is_repository(&set.namespace) && is_revision(&set.revision))
        && day.is_none_or(|minutes| minutes.iter().all(|minute| *minute < 1440))
}

/// Noise, or a sample that was cut, doubled, or has some bytes changed.
fn damaged(draws: &mut Draws, samples: &[&str]) -> Vec<u8> {
    let any = |draws: &mut Draws| draws.below(256) as u8;
    let mut bytes = samples[draws.below(samples.len() as u64) as usize].as_bytes().to_vec();
    let at = draws.below(bytes.len() as u64 + 1) as usize;
    match draws.below(6) {
        0 => return (0..draws.below(200)).map(|_| any(draws)).collect(),
        1 => bytes.truncate(at),
        2 => bytes.extend_from_within(at..),
        3 => bytes.insert(at, any(draws)),
        _ => {
            for _ in 0..=draws.below(3) {
                let at = draws.below(bytes.len() as u64) as usize;
                let byte =
                    if draws.below(2) == 0 { any(draws) } else { b":/-.{}\"\\ "[draws.below(9) as usize] };
                bytes[at] = byte;
            }
        }
    }
    bytes
}
