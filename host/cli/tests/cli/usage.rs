//! Wrong lines, and how a run looks from outside.

use crate::home::Home;

#[test]
fn an_unknown_verb_is_a_usage_error() {
    let ran = Home::new().run("alocate");
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.starts_with("error: unrecognized subcommand 'alocate'\n"), "{}", ran.err);
    let ran = Home::new().run("config chek");
    assert!(ran.err.contains("'check'"), "{}", ran.err);
    assert_eq!(Home::new().run("").code, 2);
}

#[test]
fn with_json_a_wrong_line_is_one_object_too() {
    let ran = Home::new().run("--json frobnicate");
    assert_eq!(ran.code, 2);
    let error = &ran.json()["error"];
    assert_eq!((error["code"].as_u64(), error["kind"].as_str()), (Some(2), Some("usage")));
    assert_eq!(error["message"], "unrecognized subcommand 'frobnicate'");
}

#[test]
fn version_and_help_are_no_errors() {
    let ran = Home::new().run("--version");
    assert_eq!((ran.code, ran.out), (0, format!("plimsoll {}\n", env!("CARGO_PKG_VERSION"))));
    assert_eq!(Home::new().run("config --help").code, 0);
}

#[test]
fn without_a_terminal_nothing_is_coloured() {
    for variables in [&[][..], &[("NO_COLOR", "1"), ("TERM", "xterm-256color")]] {
        let home = Home::with("plimsoll.toml", "[space]\nthreshold = 0\n");
        let ran = home.run_in(variables, "-vvv config check");
        assert!(!ran.err.contains('\x1b') && ran.err.contains("out of range"), "{}", ran.err);
    }
}

#[test]
fn a_log_filter_that_cannot_be_read_is_a_usage_error() {
    let ran = Home::new().run("--json --log plimsoll=loud config show");
    assert_eq!((ran.code, ran.json()["error"]["kind"].as_str()), (2, Some("usage")));
    let ran = Home::new().run_in(&[("PLIMSOLL_LOG", "a=b=c")], "config show");
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("the log filter `a=b=c` cannot be read"), "{}", ran.err);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    use std::process::{Command, Stdio};
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("plimsoll"))
        .args(["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
