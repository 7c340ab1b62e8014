//! The same lines and files to Python and to us: Python's own answer is the definition.

mod support;

use plimsoll_json::{canonical, identify};
use support::{Draws, FRAMES, adversary, python};

const VALUES: usize = 120_000;
const FILES: usize = 20_000;

fn told(answer: &[u8]) -> String {
    String::from_utf8_lossy(answer).into_owned()
}

#[test]
fn every_line_is_printed_or_refused_as_python_does() {
    let mut draws = Draws(2026);
    let mut lines: Vec<Vec<u8>> = (0..VALUES).map(|_| adversary::line(&mut draws)).collect();
    for depth in [1, 2, 127, 128, 129, 500, 900] {
        lines.push([b"[".repeat(depth), b"]".repeat(depth)].concat());
        lines.push([b"{\"b\":0,\"a\":".repeat(depth), b"1".to_vec(), b"}".repeat(depth)].concat());
        lines.push(b"[".repeat(depth));
    }
    let program = format!(
        r#"{FRAMES}
def answer(line):
    try: return b"=" + json.dumps(json.loads(line.decode("utf-8", "strict")), sort_keys=True).encode("ascii")
    except ValueError: return b"!"
run(answer)"#
    );
    let answers = python(&program, &lines);
    let mut n_read = 0;
    for (line, answer) in lines.iter().zip(&answers) {
        let ours = canonical(line);
        let text = ours.as_ref().map_or(b"!".to_vec(), |text| [b"=", &text[..]].concat());
        assert_eq!(told(&text), told(answer), "{:?}: {ours:?}", told(line));
        n_read += usize::from(ours.is_ok());
    }
    // The comparison would prove little if nearly all lines were good, or nearly all bad.
    assert!(
        n_read > lines.len() / 2 && n_read < lines.len() * 9 / 10,
        "{n_read} of {} are JSON",
        lines.len()
    );
}

#[test]
fn every_file_has_the_rows_that_python_finds() {
    const PARTS: &[&[u8]] = &[
        b"1",
        b"{\"a\": 2}",
        b"[]",
        b"\"x y\"",
        b"oops",
        b"\n",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\r",
        b"\x0b",
        b"\x0c",
        b"\x1c",
        b"\x1f",
        b" ",
        b"\t",
        b"\xc2\x85",
        b"\xc2\xa0",
        b"\xe1\x9a\x80",
        b"\xe2\x80\x80",
        b"\xe2\x80\x8a",
        b"\xe2\x80\x8b",
        b"\xe2\x80\xa8",
        b"\xe2\x80\xa9",
        b"\xe2\x80\xaf",
        b"\xe2\x81\x9f",
        b"\xe3\x80\x80",
        b"\xef\xbb\xbf",
        b"\x00",
        b"\"\xc3\xa9\"",
    ];
    let mut draws = Draws(96);
    let mut file = |_| {
        let n_parts = draws.below(12);
        let mut file: Vec<u8> = (0..n_parts).flat_map(|_| draws.of(PARTS).to_vec()).collect();
        if draws.below(10) == 0 {
            file.push(draws.next() as u8);
        }
        file
    };
    let files: Vec<Vec<u8>> = (0..FILES).map(&mut file).collect();
    let program = format!(
        r#"{FRAMES}
def answer(file):
    try:
        lines = [line.strip() for line in io.TextIOWrapper(io.BytesIO(file), encoding="utf-8") if line.strip()]
    except UnicodeDecodeError: return b"encoding"
    rows, bad = [], False
    for line in lines:
        try: rows.append(json.dumps(json.loads(line), sort_keys=True))
        except ValueError: rows.append("!"); bad = True
    return ("\n".join(["bad" if bad else "good"] + rows)).encode("ascii")
run(answer)"#
    );
    let answers = python(&program, &files);
    let mut n_good = 0;
    for (file, answer) in files.iter().zip(&answers) {
        let found = identify(file);
        if answer == b"encoding" {
            assert!(found.ids().is_err(), "{:?}", told(file));
            continue;
        }
        let rows = found.rows.iter().map(|row| match row.id {
            Ok(_) => String::from_utf8(canonical(&file[row.range.clone()]).unwrap()).unwrap(),
            Err(_) => "!".to_owned(),
        });
        let verdict = if found.fault.is_some() { "bad" } else { "good" };
        let ours: Vec<String> = std::iter::once(verdict.to_owned()).chain(rows).collect();
        assert_eq!(ours.join("\n"), told(answer), "{:?}", told(file));
        n_good += usize::from(found.fault.is_none());
    }
    assert!(n_good > FILES / 20, "only {n_good} of {FILES} files are good");
}
