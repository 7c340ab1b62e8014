//! Python beside us.

use std::io::Write;
use std::process::{Command, Stdio};

/// Runs a program over bytes and gives what it prints.
pub(crate) fn python(program: &str, input: &[u8]) -> Vec<u8> {
    let child =
        Command::new("python3").args(["-c", program]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.unwrap_or_else(|error| {
        panic!("python3 could not be started ({error}): it is what we are compared with, install Python 3.11 or later")
    });
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).unwrap());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "python3 ended with {}", output.status);
        output.stdout
    })
}
