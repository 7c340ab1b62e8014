//! `plimsoll plugin test`.

use std::path::{Path, PathBuf};

use plimsoll_plugin::{Check, Report, conform};
use serde_json::{Value, json};

use crate::exit::{Exit, Failure, OrFail as _};
use crate::global::Global;
use crate::plugins;

/// Try a plugin against the laws of its kind, in the sandbox that it will run in
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A .wasm file, or builtin:NAME
    #[arg(value_name = "FILE")]
    plugin: String,

    /// Its parameters as a JSON object
    #[arg(long, value_name = "JSON", default_value = "{}")]
    params: String,

    /// Where to save the smallest case of each broken economic law, those that are waived too, as a scenario for
    /// `simulate` [default: tests/regressions of the plugin's crate, only laws that are not waived]
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let params: Value =
        serde_json::from_str(&args.params).or_fail(Exit::Usage, || "--params is no JSON".into())?;
    let host = global.config(&[])?.host()?;
    let report = conform(&host, &plugins::component(&args.plugin)?, &params);
    let saved = report.checks.iter().map(|check| args.save(check)).collect::<Result<Vec<_>, _>>()?;
    let laws: Vec<Value> = report.checks.iter().zip(&saved).map(|(check, saved)| law(check, saved)).collect();
    let outcome = json!({
        "plugin": report.plugin,
        "kind": report.kind,
        "blake3": report.digest,
        "ok": report.passed(),
        "laws": laws,
    });
    global.emit(&outcome, || human(&report, &saved))?;
    if report.passed() { Ok(()) } else { Err(Failure::reported(Exit::PluginRejected)) }
}

impl Args {
    /// Where the counterexample of a broken law was written, if there is one to write.
    fn save(&self, check: &Check) -> Result<Option<PathBuf>, Failure> {
        let Some(counterexample) = &check.counterexample else { return Ok(None) };
        if self.save.is_none() && check.waived.is_some() {
            return Ok(None);
        }
        let folder = self.save.clone().unwrap_or_else(|| regressions(&self.plugin));
        let file = folder.join(&counterexample.file);
        let written =
            std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&file, &counterexample.scenario));
        written.or_fail(Exit::Error, || format!("{} cannot be written", file.display()))?;
        Ok(Some(file))
    }
}

/// `tests/regressions` of the crate that `plugin build` built this file in, or else of the current folder.
fn regressions(plugin: &str) -> PathBuf {
    let built = Path::new(plugin).parent().filter(|folder| folder.ends_with("target/plimsoll"));
    let own = built.and_then(|folder| folder.ancestors().nth(2)).unwrap_or(Path::new(""));
    own.join("tests").join("regressions")
}

fn law(check: &Check, saved: &Option<PathBuf>) -> Value {
    let mut law = json!(check);
    if let (Some(file), Value::Object(law)) = (saved, &mut law) {
        law.insert("saved".into(), json!(file));
    }
    law
}

fn human(report: &Report, saved: &[Option<PathBuf>]) -> String {
    let mut lines = Vec::new();
    for (check, saved) in report.checks.iter().zip(saved) {
        let word = match (check.passed, &check.waived) {
            (true, _) => "ok    ",
            (false, Some(_)) => "waived",
            (false, None) => "FAIL  ",
        };
        lines.push(format!("{word} {}", check.name));
        lines.extend(check.why.iter().map(|why| format!("       {why}")));
        lines.extend(check.waived.iter().map(|reason| match check.passed {
            true => format!("       it holds, though it is waived: {reason}"),
            false => format!("       waived as `{}`: {reason}", check.law.unwrap_or_default()),
        }));
        lines.extend(
            saved.iter().map(|file| format!("       minimal counterexample saved: {}", file.display())),
        );
    }
    let count = |which: fn(&Check) -> bool| report.checks.iter().filter(|check| which(check)).count();
    let (all, broken) = (report.checks.len(), count(|check| !check.is_fine()));
    let waived = count(|check| !check.passed && check.is_fine());
    lines.push(match (broken, waived) {
        (0, 0) => format!("\nall {all} laws hold"),
        (0, _) => format!("\n{} of {all} laws hold, {waived} are waived", all - waived),
        _ => format!("\n{broken} of {all} laws do not hold"),
    });
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counterexample_is_saved_in_the_crate_that_the_plugin_was_built_in() {
        let of = |plugin| regressions(plugin).display().to_string();
        assert_eq!(of("my-rule/target/plimsoll/my-rule.wasm"), "my-rule/tests/regressions");
        assert_eq!(of("target/plimsoll/my-rule.wasm"), "tests/regressions");
        assert_eq!(of("/a/b/target/plimsoll/b.wasm"), "/a/b/tests/regressions");
        assert_eq!(of("somewhere/b.wasm"), "tests/regressions");
        assert_eq!(of("builtin:incentive-ema"), "tests/regressions");
    }
}
