//! `plimsoll datasets coverage`.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use plimsoll_core::{Digest, Uid};
use plimsoll_datasets::RowId;
use plimsoll_datasets::archive::Manifest;
use plimsoll_datasets::coverage::{Coverage, set_digest};
use serde_json::{Value, json};

use super::evaluation_file::EvaluationFile;
use super::hub;
use super::kept::{Which, source as committed};
use super::used::{Used, UsedRows, incentive};
use crate::draft::Draft;
use crate::exit::Failure;
use crate::flags::SourceFlags;
use crate::global::Global;
use crate::screen::{self, Side};

/// Show which rows of an evaluation set are used by whom, by most of the best, or by nobody
///
/// It is there to plan and to explain with: what a subnet's datasets teach of what they are measured by, and what no
/// one has tried. It says nothing about copies, and is no way round them: the rule compares whole datasets, which
/// `plimsoll datasets overlap` does. Of each dataset the rows count that its competition uses, and none of a file that
/// the subnet's loader refuses. Two datasets with the same set hold the same rows, in whatever order.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The evaluation set, one row a line
    #[arg(long, value_name = "FILE")]
    evaluation: PathBuf,
    /// Which competition's datasets [default: the only one's]
    #[arg(long, value_name = "ID")]
    competition: Option<String>,
    /// Golden rows are those of the N miners with the most incentive [default: of all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    top: Option<u32>,
    /// Golden rows are used by at least so many in a hundred of them
    #[arg(long, value_name = "PERCENT", default_value_t = 50, value_parser = clap::value_parser!(u8).range(1..=100))]
    golden: u8,
    /// Show where in the evaluation set each dataset's rows stand, from 1, such as 1-20 35 -x2 for rows 1 to 20, 35 and
    /// two of another set; what is repeated in the set has no place of its own
    #[arg(long)]
    positions: bool,
    /// Write the rows that nobody uses to a file, as they stand in the evaluation set; one that is there is replaced
    #[arg(long, value_name = "FILE")]
    unused: Option<PathBuf>,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    source: SourceFlags,
}

/// Everything that is shown.
struct Shown<'m> {
    file: EvaluationFile,
    used: UsedRows<'m>,
    coverage: Coverage,
    /// The datasets that golden rows are asked of, by place, and whether incentive chose them.
    among: (Vec<usize>, bool),
    golden: Vec<usize>,
    unused: Vec<usize>,
    digests: Vec<Digest>,
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let chosen = args.which.open_with(global, &[&args.source])?;
    let source = hub::source(&chosen.config)?;
    let (manifest, _) = chosen.manifest()?;
    let used = UsedRows::read(&chosen, &manifest, &source, args.competition.as_deref())?;
    let file = EvaluationFile::read(&args.evaluation, &source, &used.competition)?;
    let coverage = Coverage::new(&file.set, used.datasets.iter().map(|of| of.rows.as_slice()));
    let among = among(&manifest, &used.datasets, args.top);
    let shown = Shown {
        golden: coverage.golden(&among.0, args.golden),
        unused: coverage.unused().collect(),
        digests: used.datasets.iter().map(|of| set_digest(&of.rows)).collect(),
        among,
        coverage,
        used,
        file,
    };
    if let Some(out) = &args.unused {
        write_unused(&shown, out)?;
    }
    let mut outcome = shown.json(args);
    if let Value::Object(fields) = &mut outcome {
        fields.insert("netuid".into(), json!(chosen.place.netuid));
        fields.insert("block".into(), json!(chosen.place.block));
    }
    global.emit(&outcome, || {
        let place = chosen.place;
        format!("subnet {} at block {}: {}", place.netuid, place.block, shown.human(args))
    })
}

/// The `top` datasets with the most incentive, of equals the lower uids; all where it is recorded of nobody.
fn among(manifest: &Manifest, datasets: &[Used<'_>], top: Option<u32>) -> (Vec<usize>, bool) {
    let incentive = |place: &usize| incentive(manifest, datasets[*place].entry.uid);
    let mut places: Vec<usize> = (0..datasets.len()).collect();
    let Some(top) = top.filter(|_| places.iter().any(|place| incentive(place).is_some())) else {
        return (places, false);
    };
    places.sort_by_key(|place| (Reverse(incentive(place)), *place));
    places.truncate(top as usize);
    (places, true)
}

fn write_unused(shown: &Shown<'_>, out: &Path) -> Result<(), Failure> {
    let mut draft = Draft::replacing(out)?;
    for place in &shown.unused {
        draft.write(shown.file.row(*place))?;
        draft.write(b"\n")?;
    }
    draft.keep()
}

impl Shown<'_> {
    /// The different rows of a dataset that are not in the evaluation set.
    fn n_foreign(&self, dataset: usize) -> usize {
        different(&self.used.datasets[dataset].rows) - self.coverage.held(dataset).len()
    }

    fn n_golden(&self, dataset: usize) -> usize {
        let is_golden = |place: &&usize| self.golden.binary_search(place).is_ok();
        self.coverage.held(dataset).iter().filter(is_golden).count()
    }

    /// The other datasets with the same rows.
    fn same(&self, dataset: usize) -> Vec<Uid> {
        let is_same = |other: &usize| *other != dataset && self.digests[*other] == self.digests[dataset];
        (0..self.digests.len()).filter(is_same).map(|other| self.used.datasets[other].entry.uid).collect()
    }

    fn json(&self, args: &Args) -> Value {
        let from_one = |places: &[usize]| places.iter().map(|place| place + 1).collect::<Vec<_>>();
        let mut holders: BTreeMap<u32, usize> = BTreeMap::new();
        for count in self.coverage.n_holders() {
            *holders.entry(*count).or_default() += 1;
        }
        let counts = holders.iter().map(|(datasets, rows)| json!({ "datasets": datasets, "rows": rows }));
        json!({
            "competition": self.used.competition,
            "first_rows": self.used.first_rows,
            "datasets": self.used.datasets.len(),
            "datasets_of_other_competitions": self.used.n_others,
            "refused": self.used.refused,
            "evaluation_rows": self.file.set.rows().len(),
            "evaluation_repeated": self.file.set.n_repeated(),
            "evaluation_set": set_digest(self.file.set.rows()),
            "used_rows": self.file.set.rows().len() - self.unused.len(),
            "unused_rows": self.unused.len(),
            "unused_file": args.unused,
            "rows_by_datasets": counts.collect::<Vec<_>>(),
            "golden_percent": args.golden,
            "golden_among": self.among.0.len(),
            "golden_by_incentive": self.among.1,
            "golden_rows": from_one(&self.golden),
            "miners": (0..self.used.datasets.len()).map(|at| self.miner(args, at)).collect::<Vec<Value>>(),
        })
    }

    fn miner(&self, args: &Args, dataset: usize) -> Value {
        let Used { entry, rows } = &self.used.datasets[dataset];
        let mut miner = json!({
            "uid": entry.uid,
            "hotkey": entry.hotkey,
            "rows": rows.len(),
            "distinct_rows": different(rows),
            "in_evaluation": self.coverage.held(dataset).len(),
            "not_in_evaluation": self.n_foreign(dataset),
            "golden": self.n_golden(dataset),
            "set": self.digests[dataset],
            "same_set": self.same(dataset),
        });
        if let (true, Value::Object(fields)) = (args.positions, &mut miner) {
            let positions = self.coverage.positions(dataset).iter();
            let from_one: Vec<Option<usize>> = positions.map(|place| place.map(|place| place + 1)).collect();
            fields.insert("positions".into(), json!(from_one));
        }
        miner
    }

    fn human(&self, args: &Args) -> String {
        let (n_rows, n_unused) = (self.file.set.rows().len(), self.unused.len());
        let mut lines =
            vec![format!("{} datasets of competition {}", self.used.datasets.len(), self.used.competition)];
        lines.push(match self.used.first_rows {
            Some(first) => format!("of each the first {first} rows count"),
            None => "all rows count: the plugin does not know the competition".to_owned(),
        });
        let n_repeated = self.file.set.n_repeated();
        lines.push(format!("evaluation set  {n_rows} different rows, {n_repeated} repeated"));
        lines.push(format!("used            {} rows, {n_unused} by nobody", n_rows - n_unused));
        let (among, by_incentive) = (self.among.0.len(), self.among.1);
        let who = match (args.top, by_incentive) {
            (_, true) => format!("the {among} with the most incentive"),
            (Some(_), false) => format!("all {among}, for no incentive is recorded in this snapshot"),
            (None, false) => format!("all {among}"),
        };
        let n_golden = self.golden.len();
        lines.push(format!("golden          {n_golden} rows, used by at least {} % of {who}", args.golden));
        if self.used.n_others > 0 {
            lines.push(format!("left out        datasets of other competitions: {}", self.used.n_others));
        }
        if !self.used.refused.is_empty() {
            let uids: Vec<String> = self.used.refused.iter().map(ToString::to_string).collect();
            let uids = uids.join(", ");
            lines.push(format!("left out        files that the subnet's loader refuses: uid {uids}"));
        }
        if let Some(out) = &args.unused {
            lines.push(format!("wrote {n_unused} unused rows to {}", out.display()));
        }
        format!("{}\n{}", lines.join("\n"), self.table(args))
    }

    fn table(&self, args: &Args) -> String {
        let mut columns = vec![
            ("uid", Side::Right),
            ("dataset", Side::Left),
            ("rows", Side::Right),
            ("in the set", Side::Right),
            ("others", Side::Right),
            ("golden", Side::Right),
            ("set", Side::Left),
            ("same set", Side::Left),
        ];
        columns.extend(args.positions.then_some(("positions", Side::Left)));
        let row = |(at, used): (usize, &Used<'_>)| {
            let mut cells = vec![
                used.entry.uid.to_string(),
                committed(used.entry),
                used.rows.len().to_string(),
                self.coverage.held(at).len().to_string(),
                self.n_foreign(at).to_string(),
                self.n_golden(at).to_string(),
                self.digests[at].short(),
                self.same(at).iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            ];
            cells.extend(args.positions.then(|| runs(self.coverage.positions(at))));
            cells
        };
        screen::table(&columns, self.used.datasets.iter().enumerate().map(row))
    }
}

fn different(rows: &[RowId]) -> usize {
    rows.iter().collect::<std::collections::HashSet<_>>().len()
}

/// `1-20 35 150-140 -x2`: places from 1 in the dataset's order, neighbours as a run, `-` for rows of another set.
fn runs(positions: &[Option<usize>]) -> String {
    let step = |left: Option<usize>, right: Option<usize>| match (left, right) {
        (Some(left), Some(right)) if left.abs_diff(right) == 1 => Some(left.cmp(&right)),
        (None, None) => Some(Ordering::Equal),
        _ => None,
    };
    let (mut parts, mut rest) = (Vec::new(), positions);
    while let [first, more @ ..] = rest {
        let direction = more.first().and_then(|next| step(*first, *next));
        let is_on = |pair: &&[Option<usize>]| direction.is_some() && step(pair[0], pair[1]) == direction;
        let (run, after) = rest.split_at(1 + rest.windows(2).take_while(is_on).count());
        parts.push(match (first, run[run.len() - 1]) {
            (Some(first), Some(last)) if *first == last => (first + 1).to_string(),
            (Some(first), Some(last)) => format!("{}-{}", first + 1, last + 1),
            _ if run.len() == 1 => "-".to_owned(),
            _ => format!("-x{}", run.len()),
        });
        rest = after;
    }
    parts.join(" ")
}
