//! What each native kernel reaches, beside a named reference that runs in the same breath.
//!
//! Reading order: [`Kernel`], one line to be; [`kernels`], all of them, by family: a new kernel is one entry there;
//! [`measure_kernels`], which runs a kernel and its reference by turns; [`KernelRate`], what came out.

mod kernel;
mod measure;

mod curves;
mod graphs;
mod hashes;
mod labels;
mod plots;
mod scans;
mod shards;
mod streams;
mod trees;

pub use kernel::{Amount, Done, Goal, Kernel, Reference, Work};
pub use measure::{KernelRate, KernelRequest, measure_kernels};

/// Every kernel that is measured.
#[must_use]
pub fn kernels() -> Vec<Kernel> {
    let families = [
        streams::kernels(),
        hashes::kernels(),
        trees::kernels(),
        labels::kernels(),
        graphs::kernels(),
        scans::kernels(),
        shards::kernels(),
        plots::kernels(),
        curves::kernels(),
    ];
    families.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kernel_and_every_reference_does_its_work() {
        // The larger of two sectors only takes longer.
        for mut kernel in kernels().into_iter().filter(|kernel| !kernel.name.ends_with("sector of 64 MiB")) {
            let done = (kernel.work)().map_err(|error| error.to_string());
            assert_eq!(done, Ok(()), "{}", kernel.name);
            if let Some(reference) = &mut kernel.reference {
                let done = (reference.work)().map_err(|error| error.to_string());
                assert_eq!(done, Ok(()), "{} of {}", reference.name, kernel.name);
            }
        }
    }

    #[test]
    fn every_family_is_there_and_no_name_twice() {
        let names: Vec<String> = kernels().into_iter().map(|kernel| kernel.name).collect();
        for family in
            ["blake3-xof", "digest", "merkle", "scrypt", "sdr", "scan", "reed-solomon", "chia", "bls12-381"]
        {
            assert!(names.iter().any(|name| name.contains(family)), "{family}: {names:?}");
        }
        let different: std::collections::BTreeSet<&String> = names.iter().collect();
        assert_eq!(different.len(), names.len(), "{names:?}");
    }
}
