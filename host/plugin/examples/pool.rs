#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]
use std::time::Instant;
use wasmtime::component::{Component, Linker};
use wasmtime::*;
fn main() {
    let bytes = plimsoll_bundle::find("proof-stream").unwrap().component;
    for pooled in [false, true] {
        let mut config = Config::new();
        config.consume_fuel(true).max_wasm_stack(512 << 10).cranelift_nan_canonicalization(true);
        if pooled {
            let mut p = PoolingAllocationConfig::new();
            p.total_component_instances(64)
                .total_core_instances(256)
                .total_memories(64)
                .total_tables(128)
                .max_memory_size(64 << 20)
                .table_elements(10_000)
                .max_tables_per_component(8)
                .max_core_instances_per_component(16)
                .linear_memory_keep_resident(256 << 10)
                .table_keep_resident(16 << 10);
            config.allocation_strategy(InstanceAllocationStrategy::Pooling(p));
        }
        let engine = Engine::new(&config).unwrap();
        let component = Component::from_binary(&engine, bytes).unwrap();
        let mut linker: Linker<()> = Linker::new(&engine);
        linker.define_unknown_imports_as_traps(&component).unwrap();
        let pre = linker.instantiate_pre(&component).unwrap();
        let li = component.get_export_index(None, "plimsoll:plugin/lifecycle@0.1.0").unwrap();
        let f = component.get_export_index(Some(&li), "configure").unwrap();
        let work = |n: u32| {
            for _ in 0..n {
                let mut store = Store::new(&engine, ());
                store.set_fuel(1_000_000_000).unwrap();
                let i = pre.instantiate(&mut store).unwrap();
                let c = i.get_func(&mut store, f).unwrap();
                let mut out = [component::Val::Bool(false)];
                c.call(&mut store, &[component::Val::String("{}".into())], &mut out).unwrap();
            }
        };
        work(100);
        let mut one = Vec::new();
        let mut two = Vec::new();
        for _ in 0..5 {
            let t = Instant::now();
            work(4000);
            one.push(t.elapsed().as_secs_f64());
            let t = Instant::now();
            std::thread::scope(|s| {
                s.spawn(|| work(4000));
                s.spawn(|| work(4000));
            });
            two.push(t.elapsed().as_secs_f64());
        }
        one.sort_by(f64::total_cmp);
        two.sort_by(f64::total_cmp);
        println!(
            "pooled={pooled} one thread {:.2} us each, two threads {:.2}x",
            one[2] / 4000.0 * 1e6,
            2.0 * one[2] / two[2]
        );
    }
}
