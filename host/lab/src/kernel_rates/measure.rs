//! Kernel and reference by turns, on one thread, by the thread's CPU clock.

use std::convert::Infallible;

use plimsoll_node::measure::meter::timed_here;
use serde_json::{Map, Value, json};

use super::kernel::{Goal, Kernel, Work};
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
    let calls = calls_in(&mut kernel.work, request.run_seconds);
    let reference_calls =
        kernel.reference.as_mut().map(|reference| calls_in(&mut reference.work, request.run_seconds));
    let amount = kernel.amount.count() as f64;
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..request.repeats.max(1) {
        let rate = amount * calls as f64 / run(&mut kernel.work, calls);
        ours.push(rate);
        if let (Some(reference), Some(calls)) = (kernel.reference.as_mut(), reference_calls) {
            let reference = amount * calls as f64 / run(&mut reference.work, calls);
            theirs.push(reference);
            ratios.push(rate / reference);
        }
    }
    KernelRate {
        name: kernel.name,
        unit: kernel.amount.unit(),
        per_cpu_s: Figure::of(&ours),
        reference: kernel.reference.map(|reference| reference.name),
        reference_per_cpu_s: Figure::of(&theirs),
        ratio: Figure::of(&ratios),
        goal: kernel.goal,
    }
}

/// CPU seconds of `calls` calls.
fn run(work: &mut Work, calls: u64) -> f64 {
    let all = || {
        (0..calls).for_each(|_| work());
        Ok::<_, Infallible>(())
    };
    timed_here(all).map_or(f64::NAN, |((), took)| took.cpu_seconds)
}

/// Calls that take about `seconds`. The first call, which may prepare something, does not count.
fn calls_in(work: &mut Work, seconds: f64) -> u64 {
    work();
    let mut calls = 1;
    loop {
        let took = run(work, calls);
        // A clock that stands still must not make this endless.
        if took * 4.0 >= seconds || calls >= 1 << 40 {
            return ((calls as f64 * seconds / took.max(1e-9)) as u64).max(1);
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

    fn spin(turns: u64) -> impl FnMut() {
        move || {
            let mixed = (0..turns).fold(1u64, |sum, turn| std::hint::black_box(sum.rotate_left(5) ^ turn));
            std::hint::black_box(mixed);
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
        };
        let strict = KernelRequest { most_spread_percent: 10.0, ..REQUEST };
        let object = rate.to_json(&strict);
        assert_eq!((&object["bytes_per_cpu_s"], &object["goal_reached"]), (&Value::Null, &Value::Null));
        assert_eq!(object["flags"][0], "bytes_per_cpu_s: repeats disagree by 50 %");
        assert_eq!(rate.to_json(&REQUEST)["goal_reached"], true);
    }
}
