//! Commands that go on until they are told to stop.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A server that runs until it is dropped.
pub(crate) struct Server(Child);

impl Server {
    /// Starts `plimsoll` and waits until it has said that it serves.
    pub(crate) fn start(home: &Path, line: &str) -> Self {
        let mut child = command(home, line).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let last = said.by_ref().map(Result::unwrap).find(|line| line.contains("Ctrl-C stops it"));
        assert!(last.is_some(), "`{line}` ended before it served");
        // The pipe stays open: nothing else is written to it before the end.
        Self(child)
    }

    /// Starts `plimsoll`, which says nothing before its end.
    pub(crate) fn quiet(home: &Path, line: &str) -> Self {
        Self(command(home, line).stdout(Stdio::null()).spawn().unwrap())
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Ctrl-C; the exit code.
    pub(crate) fn interrupt(mut self) -> i32 {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        self.0.wait().unwrap().code().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn command(home: &Path, line: &str) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("plimsoll"));
    command
        .current_dir(home)
        .env_clear()
        .env("HOME", home)
        .env("PLIMSOLL_PLUGINS_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/plugin-cache"))
        .args(line.split_whitespace())
        .args(["--log", "off"]);
    command
}

/// Waits until something holds, at most a minute.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("a minute has passed, and still: {what}");
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
