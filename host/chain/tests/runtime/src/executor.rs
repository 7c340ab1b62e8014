//! Calls into the runtime.

use std::collections::BTreeMap;
use std::ops::Bound;

use smoldot::executor::host::{Config as VmConfig, HeapPages, HostVmPrototype, StorageProofSizeBehavior};
use smoldot::executor::runtime_call::{Config, OffchainContext, RuntimeCall, TrieEntryVersion, run};
use smoldot::executor::storage_diff::TrieDiff;
use smoldot::executor::vm::ExecHint;
use smoldot::trie::{bytes_to_nibbles, nibbles_to_bytes_suffix_extend};

/// All that is stored, by key.
pub(crate) type State = BTreeMap<Vec<u8>, Vec<u8>>;

/// Heap of the runtime, in pages of 64 KiB, as nodes give it.
const HEAP_PAGES: u32 = 2048;

/// A runtime, ready to be called.
pub(crate) struct Executor {
    vm: HostVmPrototype,
}

impl Executor {
    /// From a runtime's WebAssembly, plain or as nodes compress it.
    pub(crate) fn new(module: &[u8]) -> Result<Self, String> {
        let config = VmConfig {
            module,
            heap_pages: HeapPages::new(HEAP_PAGES),
            exec_hint: ExecHint::CompileWithNonDeterministicValidation,
            // Builds for benchmarks import functions that no call here reaches.
            allow_unresolved_imports: true,
        };
        let vm = HostVmPrototype::new(config).map_err(|error| format!("this is no runtime: {error}"))?;
        Ok(Self { vm })
    }

    /// The version of the runtime, and that of its transactions.
    pub(crate) fn version(&self) -> (u32, u32) {
        let version = self.vm.runtime_version().decode();
        (version.spec_version, version.transaction_version.expect("a version of transactions"))
    }

    /// Calls a function on top of `state` and the `changes` made so far; its answer, and the changes with its own.
    pub(crate) fn call(
        &self,
        function: &str,
        argument: &[u8],
        state: &State,
        changes: TrieDiff,
    ) -> Result<(Vec<u8>, TrieDiff), String> {
        let config = Config {
            virtual_machine: self.vm.clone(),
            function_to_call: function,
            parameter: std::iter::once(argument),
            storage_main_trie_changes: changes,
            storage_proof_size_behavior: StorageProofSizeBehavior::proof_recording_disabled(),
            max_log_level: 0,
            calculate_trie_changes: false,
        };
        let mut step = run(config).map_err(|(error, _)| format!("{function}: {error}"))?;
        loop {
            step = match step {
                RuntimeCall::Finished(Ok(done)) => {
                    let answer = done.virtual_machine.value().as_ref().to_vec();
                    return Ok((answer, done.storage_changes.into_main_trie_diff()));
                }
                RuntimeCall::Finished(Err(error)) => return Err(format!("{function}: {error}")),
                RuntimeCall::StorageGet(get) => {
                    let main = get.child_trie().is_none();
                    let value = state.get(get.key().as_ref()).filter(|_| main);
                    get.inject_value(value.map(|value| (std::iter::once(value), TrieEntryVersion::V1)))
                }
                RuntimeCall::NextKey(next) => {
                    let key: Vec<u8> = nibbles_to_bytes_suffix_extend(next.key()).collect();
                    let prefix: Vec<_> = next.prefix().collect();
                    let from = if next.or_equal() { Bound::Included(key) } else { Bound::Excluded(key) };
                    let found = state.range((from, Bound::Unbounded)).map(|(key, _)| key);
                    let found = found.take(usize::from(next.child_trie().is_none())).next();
                    let nibbles = found.map(|key| bytes_to_nibbles(key.iter().copied()));
                    let nibbles = nibbles.filter(|key| key.clone().zip(&prefix).all(|(a, b)| a == *b));
                    next.inject_key(nibbles)
                }
                RuntimeCall::SignatureVerification(signature) => signature.verify_and_resume(),
                RuntimeCall::ClosestDescendantMerkleValue(value) => value.resume_unknown(),
                RuntimeCall::LogEmit(log) => log.resume(),
                RuntimeCall::OffchainStorageSet(set) => set.resume(),
                RuntimeCall::Offchain(OffchainContext::StorageSet(set)) => set.resume(true),
                RuntimeCall::Offchain(_) => {
                    return Err(format!("{function}: it asks for an offchain worker"));
                }
            };
        }
    }
}
