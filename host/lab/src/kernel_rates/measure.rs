//! Kernel and reference by turns, by the thread's CPU clock, or the process's where they start threads.

use plimsoll_node::measure::meter::{timed, timed_here};
use serde_json::{Map, Value, json};

use super::kernel::{Done, Goal, Kernel, Reference, Work};
use crate::compare::Figure;

/// How kernels are measured.
#[derive(Debug, Clone, Copy)]
pub struct KernelRequest {
    /// How often each is run; medians are reported.
    pub repeats: u32,
    /// CPU time of one run.
    pub run_seconds: f64,
    /// A figure whose interquartile range is more of its median is flagged, not printed.
    pub most_spread_percent: f64,
}

/// What one kernel reached.
#[derive(Debug, Clone)]
pub struct KernelRate {
    /// Its name.
    pub name: String,
    /// What is counted.
    pub unit: &'static str,
    /// Units a CPU-second.
    pub per_cpu_s: Option<Figure>,
    /// Whose the reference is.
    pub reference: Option<String>,
    /// The reference's units a CPU-second.
    pub reference_per_cpu_s: Option<Figure>,
    /// The one divided by the other, repeat by repeat.
    pub ratio: Option<Figure>,
    /// What it should reach.
    pub goal: Option<Goal>,
    /// Why there are no rates, where it or its reference failed: a call that does nothing is fast.
    pub failure: Option<String>,
}

/// Measures every kernel; `begun` is told the name of each before its turn.
#[must_use]
pub fn measure_kernels(
    kernels: Vec<Kernel>,
    request: &KernelRequest,
    begun: &mut dyn FnMut(&str),
) -> Vec<KernelRate> {
    let one = |kernel: Kernel| {
        begun(&kernel.name);
        measured(kernel, request)
    };
    kernels.into_iter().map(one).collect()
}

fn measured(mut kernel: Kernel, request: &KernelRequest) -> KernelRate {
    let rates = rates(&mut kernel, request);
    let failure = rates.as_ref().err().cloned();
    let Rates { ours, theirs, ratios } = rates.unwrap_or_default();
    KernelRate {
        name: kernel.name,
        unit: kernel.amount.unit(),
        per_cpu_s: Figure::of(&ours),
        reference: kernel.reference.map(|reference| reference.name),
        reference_per_cpu_s: Figure::of(&theirs),
        ratio: Figure::of(&ratios),
        goal: kernel.goal,
        failure,
    }
}

/// One of each a repeat.
#[derive(Default)]
struct Rates {
    ours: Vec<f64>,
    theirs: Vec<f64>,
    ratios: Vec<f64>,
}

/// # Errors
/// What the kernel said, or its reference, whose name is put before it.
fn rates(kernel: &mut Kernel, request: &KernelRequest) -> Result<Rates, String> {
    let Kernel { work, reference, amount, on_all_cores, .. } = kernel;
    let amount = amount.count() as f64;
    let run = if *on_all_cores { run_on_all_cores } else { run_here };
    let calls = calls_in(work, run, request.run_seconds)?;
    let mut reference = match reference {
        None => None,
        Some(Reference { name, work }) => {
            let calls = calls_in(work, run, request.run_seconds).map_err(|why| format!("{name}: {why}"))?;
            Some((name, work, calls))
        }
    };
    let mut rates = Rates::default();
    for _ in 0..request.repeats.max(1) {
        let rate = amount * calls as f64 / run(work, calls)?;
        rates.ours.push(rate);
        if let Some((name, work, calls)) = &mut reference {
            let seconds = run(work, *calls).map_err(|why| format!("{name}: {why}"))?;
            let reference = amount * *calls as f64 / seconds;
            rates.theirs.push(reference);
            rates.ratios.push(rate / reference);
        }
    }
    Ok(rates)
}

/// CPU seconds of this thread for so many calls.
fn run_here(work: &mut Work, calls: u64) -> Result<f64, String> {
    let took = timed_here(|| all(work, calls)).map_err(|error| error.to_string())?.1;
    Ok(took.cpu_seconds)
}

/// CPU seconds of all threads.
fn run_on_all_cores(work: &mut Work, calls: u64) -> Result<f64, String> {
    let took = timed(|| all(work, calls)).map_err(|error| error.to_string())?.1;
    Ok(took.cpu_seconds)
}

fn all(work: &mut Work, calls: u64) -> Done {
    (0..calls).try_for_each(|_| work())
}

/// Calls that take about `seconds`. The first call, which may prepare something, does not count.
fn calls_in(
    work: &mut Work,
    run: fn(&mut Work, u64) -> Result<f64, String>,
    seconds: f64,
) -> Result<u64, String> {
    run(work, 1)?;
    let mut calls = 1;
    loop {
        let took = run(work, calls)?;
        // A clock that stands still must not make this endless.
        if took * 4.0 >= seconds || calls >= 1 << 40 {
            return Ok(((calls as f64 * seconds / took.max(1e-9)) as u64).max(1));
        }
        calls *= 4;
    }
}

impl KernelRate {
    /// Whether the goal is reached; `None` where there is none, or the repeats disagree.
    #[must_use]
    pub fn is_reached(&self, request: &KernelRequest) -> Option<bool> {
        let sure =
            |figure: Option<Figure>| figure.filter(|it| it.spread_percent() <= request.most_spread_percent);
        match self.goal? {
            Goal::TimesReference(least) => Some(sure(self.ratio)?.median >= least),
            Goal::PerCpuSecond(least) => Some(sure(self.per_cpu_s)?.median >= least),
        }
    }

    /// An object with units in its names: `bytes_per_cpu_s`, or `labels_per_cpu_s` and the like. Where the repeats
    /// disagree the median is null and `flags` says by how much.
    #[must_use]
    pub fn to_json(&self, request: &KernelRequest) -> Value {
        let mut fields = Map::new();
        fields.insert("name".into(), json!(self.name));
        fields.insert("unit".into(), json!(self.unit));
        let mut flags = Vec::new();
        let figures = [
            (format!("{}_per_cpu_s", self.unit), self.per_cpu_s),
            (format!("reference_{}_per_cpu_s", self.unit), self.reference_per_cpu_s),
            ("ratio_to_reference".to_owned(), self.ratio),
        ];
        for (key, figure) in figures {
            let spread = figure.map_or(0.0, |figure| figure.spread_percent());
            let agrees = spread <= request.most_spread_percent;
            if !agrees {
                flags.push(format!("{key}: repeats disagree by {spread:.0} %"));
            }
            fields.insert(format!("{key}_iqr"), json!(figure.map(|figure| figure.iqr())));
            fields.insert(key, json!(figure.filter(|_| agrees).map(|figure| figure.median)));
        }
        fields.insert("reference".into(), json!(self.reference));
        fields.insert("failure".into(), json!(self.failure));
        fields.insert("goal".into(), json!(self.goal));
        fields.insert("goal_reached".into(), json!(self.is_reached(request)));
        fields.insert("flags".into(), json!(flags));
        Value::Object(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: KernelRequest = KernelRequest { repeats: 3, run_seconds: 0.002, most_spread_percent: 1e9 };

    fn spin(turns: u64) -> impl FnMut() -> Done {
        move || {
            let mixed = (0..turns).fold(1u64, |sum, turn| std::hint::black_box(sum.rotate_left(5) ^ turn));
            std::hint::black_box(mixed);
            Ok(())
        }
    }

    #[test]
    fn a_kernel_is_held_against_its_reference() {
        // Twice the work in the same amount: about half the rate; the bounds are far from both sides.
        let kernel = Kernel::of_items("spin", 7, "labels", spin(8_000))
            .against("half as much", spin(1_000))
            .reaching(Goal::TimesReference(1.0));
        let rates = measure_kernels(vec![kernel], &REQUEST, &mut |name| assert_eq!(name, "spin"));
        assert_eq!(rates[0].is_reached(&REQUEST), Some(false));
        let object = rates[0].to_json(&REQUEST);
        assert!(object["labels_per_cpu_s"].as_f64().unwrap() > 0.0, "{object}");
        assert!(object["ratio_to_reference"].as_f64().unwrap() < 1.0, "{object}");
        assert_eq!((&object["reference"], &object["goal_reached"]), (&json!("half as much"), &json!(false)));
    }

    #[test]
    fn repeats_that_disagree_are_flagged_and_reach_nothing() {
        let rate = KernelRate {
            name: "x".into(),
            unit: "bytes",
            per_cpu_s: Figure::of(&[1.0, 2.0, 3.0]),
            reference: None,
            reference_per_cpu_s: None,
            ratio: None,
            goal: Some(Goal::PerCpuSecond(1.5)),
            failure: None,
        };
        let strict = KernelRequest { most_spread_percent: 10.0, ..REQUEST };
        let object = rate.to_json(&strict);
        assert_eq!((&object["bytes_per_cpu_s"], &object["goal_reached"]), (&Value::Null, &Value::Null));
        assert_eq!(object["flags"][0], "bytes_per_cpu_s: repeats disagree by 50 %");
        assert_eq!(rate.to_json(&REQUEST)["goal_reached"], true);
    }

    #[test]
    fn a_kernel_that_fails_has_no_rate_and_reaches_no_goal() {
        let fails = |text: &'static str| move || -> Done { Err(text.into()) };
        let kernel = |work: Work| Kernel::of_bytes("x", 1, work).reaching(Goal::PerCpuSecond(0.0));
        // The second call fails, not only the first.
        let mut calls = 0;
        let later = move || -> Done {
            calls += 1;
            if calls > 2 { Err("worn out".into()) } else { Ok(()) }
        };
        let kernels = vec![
            kernel(Box::new(fails("no such instructions"))),
            kernel(Box::new(spin(100))).against("crate y", fails("bad input")),
            kernel(Box::new(later)),
        ];
        let rates = measure_kernels(kernels, &REQUEST, &mut |_| ());
        let failures: Vec<_> = rates.iter().map(|rate| rate.failure.as_deref().unwrap_or("")).collect();
        assert_eq!(failures, ["no such instructions", "crate y: bad input", "worn out"]);
        for rate in &rates {
            assert_eq!((rate.per_cpu_s, rate.ratio, rate.is_reached(&REQUEST)), (None, None, None));
            assert_eq!(rate.to_json(&REQUEST)["failure"], json!(rate.failure));
        }
    }
}
