//! The contract of `wit/` as Rust types: one module for what a plugin may import, one for each interface
//! that it may export. One generation an interface keeps every shared type one Rust type.

/// What a plugin may import. The functions are linked by hand in [`crate::imports`], because they charge fuel.
pub(crate) mod imports {
    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "package plimsoll:host; world imports {
            import plimsoll:plugin/types@0.1.0;
            import plimsoll:plugin/log@0.1.0;
            import plimsoll:plugin/pure@0.1.0;
            import plimsoll:plugin/storage@0.1.0;
            import plimsoll:plugin/labels@0.1.0;
            import plimsoll:plugin/scan@0.1.0;
            import plimsoll:plugin/graphs@0.1.0;
            import plimsoll:plugin/graph-plots@0.1.0;
            import plimsoll:plugin/walks@0.1.0;
            import plimsoll:plugin/curve@0.1.0;
            import plimsoll:plugin/erasure@0.1.0;
            import plimsoll:plugin/pospace@0.1.0;
        }",
        world: "plimsoll:host/imports",
        with: {
            "plimsoll:plugin/storage.region": crate::state::RegionHandle,
            "plimsoll:plugin/storage.plot": crate::state::PlotHandle,
        },
    });
}

/// What every plugin exports.
pub(crate) mod lifecycle {
    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "package plimsoll:host; world lifecycle { export plimsoll:plugin/lifecycle@0.1.0; }",
        world: "plimsoll:host/lifecycle",
        with: { "plimsoll:plugin/types": super::imports::plimsoll::plugin::types },
    });
}

/// What an allocation policy exports.
pub(crate) mod allocation {
    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "package plimsoll:host; world allocation { export plimsoll:plugin/allocation-policy@0.1.0; }",
        world: "plimsoll:host/allocation",
        with: { "plimsoll:plugin/types": super::imports::plimsoll::plugin::types },
    });
}

/// What a challenge strategy exports.
pub(crate) mod challenge {
    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "package plimsoll:host; world challenge { export plimsoll:plugin/challenge-strategy@0.1.0; }",
        world: "plimsoll:host/challenge",
        with: { "plimsoll:plugin/types": super::imports::plimsoll::plugin::types },
    });
}

/// What a proof scheme exports.
pub(crate) mod proof {
    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "package plimsoll:host; world proof { export plimsoll:plugin/proof-scheme@0.1.0; }",
        world: "plimsoll:host/proof",
        with: {
            "plimsoll:plugin/types": super::imports::plimsoll::plugin::types,
            "plimsoll:plugin/pure": super::imports::plimsoll::plugin::pure,
            "plimsoll:plugin/storage": super::imports::plimsoll::plugin::storage,
        },
    });
}

/// What an incentive rule exports.
pub(crate) mod incentive {
    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "package plimsoll:host; world incentive { export plimsoll:plugin/incentive-rule@0.1.0; }",
        world: "plimsoll:host/incentive",
        with: { "plimsoll:plugin/types": super::imports::plimsoll::plugin::types },
    });
}

/// What a dataset source exports.
pub(crate) mod dataset {
    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "package plimsoll:host; world dataset { export plimsoll:plugin/dataset-source@0.1.0; }",
        world: "plimsoll:host/dataset",
        with: { "plimsoll:plugin/types": super::imports::plimsoll::plugin::types },
    });
}
