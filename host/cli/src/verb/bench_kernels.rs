//! `plimsoll bench kernels`.

use plimsoll_lab::compare::{Cell, Machine, shown};
use plimsoll_lab::kernel_rates::{KernelRate, KernelRequest, kernels, measure_kernels};
use serde_json::{Value, json};

use super::generate::blocking;
use crate::exit::{Exit, Failure};
use crate::global::Global;
use crate::screen::{self, Side};

const MIB: f64 = (1u64 << 20) as f64;

/// Kernels: each against a named reference that runs by turns with it, on one thread
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only those whose name holds this
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// How often each is run; medians are reported
    #[arg(long, value_name = "N", default_value_t = 9)]
    repeats: u32,

    /// CPU time of one run
    #[arg(long, value_name = "MS", default_value_t = 100)]
    run_ms: u32,

    /// Flag a figure whose quartiles lie further apart than this share of its median
    #[arg(long, value_name = "PERCENT", default_value_t = 10.0)]
    max_spread: f64,
}

pub(crate) async fn run(args: Args, global: &Global) -> Result<(), Failure> {
    let request = KernelRequest {
        repeats: args.repeats,
        run_seconds: f64::from(args.run_ms.max(1)) / 1e3,
        most_spread_percent: args.max_spread,
    };
    let asked = args.name.clone().unwrap_or_default();
    let quiet = global.json;
    let work = move || {
        let chosen: Vec<_> = kernels().into_iter().filter(|kernel| kernel.name.contains(&asked)).collect();
        measure_kernels(chosen, &request, &mut |name| {
            if !quiet {
                screen::note(&format!("measuring {name}"));
            }
        })
    };
    let rates = blocking(work).await?;
    if let (true, Some(name)) = (rates.is_empty(), &args.name) {
        let names: Vec<String> = kernels().into_iter().map(|kernel| kernel.name).collect();
        let message = format!("no kernel's name holds `{name}`: there are {}", names.join("; "));
        return Err(Failure::new(Exit::Usage, message));
    }
    let rows: Vec<Value> = rates.iter().map(|rate| rate.to_json(&request)).collect();
    let machine = Machine::here(std::path::Path::new("."));
    global.emit(&json!({ "kernels": rows, "machine": machine }), || human(&rates, &request))?;
    let has_failed = rates.iter().any(|rate| rate.failure.is_some());
    if has_failed { Err(Failure::reported(Exit::NotMeasured)) } else { Ok(()) }
}

fn human(rates: &[KernelRate], request: &KernelRequest) -> String {
    let most = request.most_spread_percent;
    let rows = rates.iter().map(|rate| {
        let (divisor, unit) = if rate.unit == "bytes" { (MIB, "MiB") } else { (1.0, rate.unit) };
        let figure = |figure: Option<plimsoll_lab::compare::Figure>| {
            figure.map_or(Cell::Absent, |figure| Cell::Measured(figure.divided(divisor)))
        };
        vec![
            rate.name.clone(),
            format!("{unit}/CPU-s"),
            shown(&figure(rate.per_cpu_s), most),
            shown(&figure(rate.reference_per_cpu_s), most),
            shown(&rate.ratio.map_or(Cell::Absent, Cell::Measured), most),
            rate.reference.clone().unwrap_or_default(),
            match (&rate.failure, rate.is_reached(request)) {
                (Some(_), _) => "FAILED",
                (None, Some(true)) => "reached",
                (None, Some(false)) => "MISSED",
                (None, None) => "",
            }
            .to_owned(),
        ]
    });
    let columns = [
        ("kernel", Side::Left),
        ("unit", Side::Left),
        ("rate", Side::Right),
        ("reference", Side::Right),
        ("ratio", Side::Right),
        ("reference is", Side::Left),
        ("goal", Side::Left),
    ];
    let failed = |rate: &KernelRate| rate.failure.as_ref().map(|why| format!("{}: {why}", rate.name));
    let failures: Vec<String> = rates.iter().filter_map(failed).collect();
    let table = screen::table(&columns, rows);
    match failures.is_empty() {
        true => table,
        false => format!("{table}\n\nnot measured:\n{}", failures.join("\n")),
    }
}
