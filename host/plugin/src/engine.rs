//! The one place where determinism and limits of the engine are set.

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

use crate::limits::{MEMORIES, TABLES, core_instances};
use crate::{Limits, PluginError};

/// Stack of a plugin. Threads of the host have 2 MiB or more, so native work below it has room.
pub(crate) const STACK_BYTES: usize = 512 << 10;

/// The engine of all plugins: same component, same arguments, same bytes, same fuel, on every machine.
///
/// - Floating point: NaNs are canonical; relaxed SIMD, which may differ by CPU, is off; plain SIMD stays on.
/// - No threads, no garbage collector, no exceptions, no 64-bit or multiple memories, no page sizes, tail
///   calls, wide arithmetic or stack switching: nothing that a plugin of this contract needs.
/// - Fuel is counted, so that an endless loop ends at the same operation everywhere. There is no deadline by
///   the clock: a slow machine must not change a verdict.
/// - Instances are allocated on demand, unless a pool of so many is asked for: a pool has an end, which would be
///   one more way to fail, but spares who starts thousands a second the system's calls for memory. What a plugin
///   answers, and its fuel, are the same.
///
/// # Errors
/// [`PluginError::Engine`] where the machine cannot run it, such as one without virtual memory.
pub(crate) fn consensus_engine(pool: Option<(u32, &Limits)>) -> Result<Engine, PluginError> {
    let mut config = consensus_config();
    if let Some((instances, limits)) = pool {
        config.allocation_strategy(pooled(instances, limits));
    }
    Engine::new(&config).map_err(|e| PluginError::Engine(format!("{e:#}")))
}

/// Room for `instances` plugins at a time, each as large as it may be.
fn pooled(instances: u32, limits: &Limits) -> InstanceAllocationStrategy {
    let modules = core_instances(limits.set) as u32;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(modules))
        .total_memories(instances.saturating_mul(MEMORIES as u32))
        .total_tables(instances.saturating_mul(TABLES as u32))
        .max_core_instances_per_component(modules)
        .max_memories_per_component(MEMORIES as u32)
        .max_tables_per_component(TABLES as u32)
        .max_tables_per_module(TABLES as u32)
        .table_elements(limits.table_elements)
        .max_memory_size(limits.memory_bytes)
        .linear_memory_keep_resident(KEPT_BYTES)
        .table_keep_resident(KEPT_BYTES)
        .pagemap_scan(Enabled::Auto);
    InstanceAllocationStrategy::Pooling(pool)
}

/// So many bytes of an instance that ended are wiped and kept rather than given back. Where the kernel can tell them,
/// only pages that were written are wiped: a plugin's memory begins with a stack of 1 MiB, of which it uses little.
const KEPT_BYTES: usize = 2 << 20;

fn consensus_config() -> Config {
    let mut config = Config::new();
    config
        .consume_fuel(true)
        .max_wasm_stack(STACK_BYTES)
        .cranelift_nan_canonicalization(true)
        .cranelift_opt_level(OptLevel::Speed)
        .wasm_simd(true)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_custom_page_sizes(false)
        .wasm_tail_call(false)
        .wasm_wide_arithmetic(false)
        .wasm_shared_everything_threads(false)
        .wasm_stack_switching(false)
        .wasm_component_model_map(false)
        .wasm_component_model_fixed_length_lists(false)
        .wasm_component_model_implements(false)
        .shared_memory(false)
        .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(16));
    config
}

#[cfg(test)]
mod tests {
    use wasmtime::{Instance, Module, Store};

    use super::*;

    fn refused(wat: &str) -> bool {
        let engine = consensus_engine(None).unwrap();
        Module::new(&engine, wat::parse_str(wat).unwrap()).is_err()
    }

    #[test]
    fn what_could_differ_between_machines_does_not_validate() {
        for (what, wat) in [
            (
                "relaxed SIMD",
                "(module (func (param v128 v128 v128) (result v128) local.get 0 local.get 1 local.get 2 f32x4.relaxed_madd))",
            ),
            ("shared memory", "(module (memory 1 1 shared))"),
            ("64-bit memory", "(module (memory i64 1))"),
            ("two memories", "(module (memory 1) (memory 1))"),
            ("garbage collection", "(module (type (struct (field i32))) (func (param (ref null 0))))"),
            ("exceptions", "(module (tag (param i32)) (func i32.const 1 throw 0))"),
            ("tail calls", "(module (func return_call 0))"),
            ("page sizes", "(module (memory 1 (pagesize 1)))"),
        ] {
            assert!(refused(wat), "{what} passed");
        }
        assert!(!refused("(module (func (param v128) (result v128) local.get 0 i32x4.abs))"));
    }

    #[test]
    fn the_same_work_takes_the_same_fuel_and_a_nan_has_one_form() {
        let run = || {
            let engine = consensus_engine(None).unwrap();
            let wat = "(module (func (export \"f\") (param f64 f64) (result i64) (local i32)
                (loop $l (br_if $l (i32.lt_u (local.tee 2 (i32.add (local.get 2) (i32.const 1))) (i32.const 1000))))
                (i64.reinterpret_f64 (f64.div (local.get 0) (local.get 1)))))";
            let module = Module::new(&engine, wat::parse_str(wat).unwrap()).unwrap();
            let mut store = Store::new(&engine, ());
            store.set_fuel(1_000_000).unwrap();
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let f = instance.get_typed_func::<(f64, f64), i64>(&mut store, "f").unwrap();
            let bits = f.call(&mut store, (0.0, -0.0)).unwrap();
            (bits.cast_unsigned(), store.get_fuel().unwrap())
        };
        assert_eq!(run(), run());
        assert_eq!(run().0, 0x7ff8_0000_0000_0000);
    }
}
