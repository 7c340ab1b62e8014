//! A user with an empty home folder and nothing in the environment.

use std::path::Path;

use assert_cmd::Command;
use tempfile::TempDir;

/// The folder that the command is run in; it is the home folder too.
pub(crate) struct Home {
    folder: TempDir,
    is_warm: bool,
}

/// What a run left behind.
pub(crate) struct Ran {
    /// The exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Home {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), is_warm: false }
    }

    /// One that shares compiled plugins with the other tests: compiling them all takes seconds.
    pub(crate) fn warm() -> Self {
        Self { is_warm: true, ..Self::new() }
    }

    /// One with a file.
    pub(crate) fn with(name: &str, text: &str) -> Self {
        let home = Self::new();
        home.write(name, text);
        home
    }

    /// Its folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    /// Runs `plimsoll` with the words of `line`.
    pub(crate) fn run(&self, line: &str) -> Ran {
        self.run_in(&[], line)
    }

    /// Runs it with variables.
    pub(crate) fn run_in(&self, variables: &[(&str, &str)], line: &str) -> Ran {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("plimsoll"));
        command.current_dir(self.path()).env_clear().env("HOME", self.path());
        if self.is_warm {
            command.env("PLIMSOLL_PLUGINS_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/plugin-cache"));
        }
        command.envs(variables.iter().copied()).args(line.split_whitespace());
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            text.replace(&self.path().display().to_string(), "[HOME]")
        };
        Ran { code: output.status.code().unwrap(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

impl Ran {
    /// Standard output as the one JSON object that it must be.
    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.err, "", "with --json standard error is silent");
        let object: serde_json::Value = serde_json::from_str(&self.out).unwrap();
        assert_eq!(object["schema_version"], 1);
        object
    }

    /// Everything, for a snapshot.
    pub(crate) fn all(&self) -> String {
        format!("exit code: {}\n--- stdout\n{}--- stderr\n{}", self.code, self.out, self.err)
    }
}
