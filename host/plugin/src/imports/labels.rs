//! `labels`: memory-hard labels, into a plot or for who checks them.

use plimsoll_core as core;
use plimsoll_kernels as kernels;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};

use super::storage::{Given, give, plot, refuse, run_bytes};
use super::{digest, interface};
use crate::bindings::imports::plimsoll::plugin::labels::{Argon2id, Label, LabelCost, Scrypt, ScryptForm};
use crate::bindings::imports::plimsoll::plugin::types::Span;
use crate::cost;
use crate::limits::LIST_ITEMS;
use crate::state::{PlotHandle, State, charge, count_stored, reward, reward_stored};

type Cx<'a> = StoreContextMut<'a, State>;

/// The most memory that labels under way may take: the contract says so.
const LABEL_MEMORY_BYTES: u64 = 300 << 20;
/// Labels are made in steps of about this much fuel, some two seconds: a step is paid before it is made, and
/// paid back once it is stored.
const STEP_FUEL: u64 = 4_000_000_000;
/// Labels that are made together: fewer cost as much.
const TOGETHER: u64 = 4;

impl From<LabelCost> for kernels::LabelCost {
    fn from(cost: LabelCost) -> Self {
        match cost {
            LabelCost::Scrypt(Scrypt { form, n, r, p }) => {
                let form = match form {
                    ScryptForm::Rfc7914 => kernels::ScryptForm::Rfc7914,
                    ScryptForm::Spacemesh => kernels::ScryptForm::Spacemesh,
                };
                Self::Scrypt { form, n, r, p }
            }
            LabelCost::Argon2id(Argon2id { memory_kib, passes, lanes }) => {
                Self::Argon2id { memory_kib, passes, lanes }
            }
        }
    }
}

pub(super) fn add(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut labels = linker.instance(&interface("labels"))?;
    type FillCall = (Resource<PlotHandle>, LabelCost, Vec<u8>, u32, Span, bool);
    labels.func_wrap(
        "fill",
        |mut store: Cx<'_>, (this, cost, key, label_bytes, labels, track_smallest): FillCall| {
            let key = digest("the key of labels.fill", &key)?;
            let cost = match affordable(cost) {
                Ok(cost) => cost,
                Err(why) => return refuse(why),
            };
            let run = Run { cost, key, label_bytes, track_smallest };
            let labels = core::Span { first: labels.first, count: labels.count };
            run.fill(&mut store, &this, labels)
        },
    )?;
    type OfCall = (LabelCost, Vec<u8>, u32, Vec<u64>);
    labels.func_wrap("labels-of", |mut store: Cx<'_>, (cost, key, label_bytes, indices): OfCall| {
        let key = digest("the key of labels-of", &key)?;
        if indices.len() > LIST_ITEMS {
            return refuse(format!("{} labels at once, at most {LIST_ITEMS}", indices.len()));
        }
        let cost = match affordable(cost) {
            Ok(cost) => cost,
            Err(why) => return refuse(why),
        };
        charge(&mut store, cost::CALL + fuel_of(&cost, indices.len() as u64))?;
        give(&mut store, kernels::labels_of(&cost, &key, label_bytes, &indices))
    })
}

/// The cost, if there is such a function and the host has the memory.
fn affordable(cost: LabelCost) -> Result<kernels::LabelCost, String> {
    let cost = kernels::LabelCost::from(cost);
    cost.check().map_err(|error| error.to_string())?;
    let bytes = cost.memory_bytes();
    if bytes > LABEL_MEMORY_BYTES {
        return Err(format!(
            "labels of this cost take {bytes} bytes of memory, at most {LABEL_MEMORY_BYTES}"
        ));
    }
    Ok(cost)
}

fn fuel_of_each(cost: &kernels::LabelCost) -> u64 {
    cost.permutations().saturating_mul(cost::LABEL_PERMUTATION)
}

/// What `count` labels in one call cost: their work, and the memory that is made ready for it.
fn fuel_of(cost: &kernels::LabelCost, count: u64) -> u64 {
    let made = match cost {
        kernels::LabelCost::Argon2id { .. } => count,
        _ => count.next_multiple_of(TOGETHER),
    };
    let pages = cost.memory_bytes_for(count).div_ceil(4096);
    made.saturating_mul(fuel_of_each(cost)).saturating_add(pages.saturating_mul(cost::MEMORY_PAGE))
}

/// A fill, step by step.
struct Run {
    cost: kernels::LabelCost,
    key: core::Digest,
    label_bytes: u32,
    track_smallest: bool,
}

impl Run {
    fn fill(
        &self,
        store: &mut Cx<'_>,
        this: &Resource<PlotHandle>,
        labels: core::Span,
    ) -> Given<Option<Label>> {
        let space = plot(store, this)?;
        if let Err(error) = run_bytes(&*space, self.label_bytes, labels) {
            return give(store, Err(kernels::KernelError::Space(error)));
        }
        charge(store, cost::CALL + cost::EXTENT)?;
        let each = fuel_of_each(&self.cost).max(1);
        // A power of two, so that steps end where disks like it.
        let step = 1 << (STEP_FUEL / each).clamp(1, 1 << 18).ilog2();
        let end = labels.first + labels.count;
        let mut smallest: Option<kernels::Label> = None;
        let mut first = labels.first;
        loop {
            let count = (step - first % step).min(end - first);
            let fuel = fuel_of(&self.cost, count);
            let piece = core::Span { first, count };
            let bytes = count.saturating_mul(self.label_bytes.into());
            charge(store, fuel)?;
            count_stored(store, bytes)?;
            let filled = kernels::fill_labels(
                &*space,
                &self.cost,
                &self.key,
                self.label_bytes,
                piece,
                self.track_smallest,
            );
            match filled {
                Ok(label) => {
                    let is_smaller =
                        |label: &kernels::Label| smallest.is_none_or(|known| label.is_below(&known));
                    smallest = label.filter(is_smaller).or(smallest);
                }
                Err(error) => return give(store, Err(error)),
            }
            reward(store, fuel)?;
            reward_stored(store, bytes)?;
            first += count;
            if first >= end {
                break;
            }
        }
        let label = smallest.map(|label| Label { index: label.index, bytes: label.bytes.to_vec() });
        give(store, Ok(label))
    }
}
