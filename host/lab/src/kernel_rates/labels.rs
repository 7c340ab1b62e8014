//! Memory-hard labels, several side by side.

use std::hint::black_box;

use plimsoll_core::Digest;
use plimsoll_kernels::{LabelCost, ScryptForm, labels_of};

use super::kernel::{Done, Goal, Kernel};

const LABELS: u64 = 16;
const KEY: Digest = Digest([7; 32]);
/// One and a half times what post-rs (commit a2d155a) makes on one core of this class, 475 labels a CPU-second.
const GOAL_PER_CPU_SECOND: f64 = 1.5 * 475.0;

pub(super) fn kernels() -> Vec<Kernel> {
    let rfc = LabelCost::Scrypt { form: ScryptForm::Rfc7914, n: 8192, r: 1, p: 1 };
    vec![
        labels("scrypt labels of Spacemesh, N = 8192", LabelCost::SPACEMESH)
            .reaching(Goal::PerCpuSecond(GOAL_PER_CPU_SECOND)),
        labels("scrypt labels of RFC 7914, N = 8192", rfc).against("crate scrypt", one_by_one()),
    ]
}

fn labels(name: &str, cost: LabelCost) -> Kernel {
    let indices: Vec<u64> = (0..LABELS).collect();
    let work = move || {
        black_box(labels_of(&cost, &KEY, 16, black_box(&indices))?);
        Ok(())
    };
    Kernel::of_items(name, LABELS, "labels", work)
}

fn one_by_one() -> impl FnMut() -> Done {
    move || {
        let params = scrypt::Params::new(13, 1, 1)?;
        for index in 0..LABELS {
            let mut label = [0; 16];
            scrypt::scrypt(&KEY.0, &index.to_le_bytes(), &params, black_box(&mut label))?;
            black_box(label);
        }
        Ok(())
    }
}
