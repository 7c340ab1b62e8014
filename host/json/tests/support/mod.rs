//! Python beside us, and a stream of numbers that is the same on every run.

#![allow(clippy::unwrap_used, reason = "a failure here is the test's failure")]

pub(crate) mod adversary;

use std::io::Write;
use std::process::{Command, Stdio};

/// SplitMix64.
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub(crate) fn of<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len())]
    }
}

/// Runs a Python program over messages, each with its length before it, and reads as many back.
pub(crate) fn python(program: &str, messages: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut input = Vec::new();
    for message in messages {
        input.extend_from_slice(&(message.len() as u32).to_le_bytes());
        input.extend_from_slice(message);
    }
    let child =
        Command::new("python3").args(["-c", program]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.unwrap_or_else(|error| {
        panic!("python3 could not be started ({error}): row identity is defined by it, install Python 3.11 or later")
    });
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "python3 ended with {}", output.status);
    let mut answers = Vec::new();
    let mut rest = &output.stdout[..];
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let (answer, behind) = behind.split_at(u32::from_le_bytes(*length) as usize);
        answers.push(answer.to_vec());
        rest = behind;
    }
    assert_eq!(answers.len(), messages.len());
    answers
}

/// What the programs share: `answer` is called with each message and gives bytes.
pub(crate) const FRAMES: &str = r#"
import io, json, struct, sys
if sys.version_info < (3, 11): sys.exit("Python 3.11 or later is wanted, this is " + sys.version)
def run(answer):
    source, out = io.BytesIO(sys.stdin.buffer.read()), io.BytesIO()
    while head := source.read(4):
        said = answer(source.read(struct.unpack("<I", head)[0]))
        out.write(struct.pack("<I", len(said)) + said)
    sys.stdout.buffer.write(out.getvalue())
"#;
