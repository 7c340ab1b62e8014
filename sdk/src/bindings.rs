//! What `wit-bindgen` makes of the contract: the only place with generated code.
//!
//! One `generate!` for all that is imported and one for each exported interface: two worlds that both
//! export `lifecycle` would define one macro twice. All of them share the Rust types of [`imports`].

/// Everything that a plugin may import, and the shared words.
pub mod imports {
    wit_bindgen::generate!({
        inline: "package plimsoll:sdk;
            world imports-only {
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
        path: "../wit",
        generate_all,
        generate_unused_types: true,
        runtime_path: "::plimsoll_sdk::wit_bindgen::rt",
    });
    pub use self::plimsoll::plugin::{
        curve, erasure, graph_plots, graphs, labels, log, pospace, pure, scan, storage, types, walks,
    };
}

macro_rules! exported {
    ($module:ident, $world:literal, $export_macro:literal, { $($interface:literal: $shared:ident),+ }) => {
        pub mod $module {
            wit_bindgen::generate!({
                inline: $world,
                path: "../wit",
                generate_all,
                pub_export_macro: true,
                export_macro_name: $export_macro,
                runtime_path: "::plimsoll_sdk::wit_bindgen::rt",
                with: { $($interface: crate::bindings::imports::plimsoll::plugin::$shared),+ },
            });
        }
    };
}

exported!(
    lifecycle,
    "package plimsoll:sdk; world lifecycle-only { export plimsoll:plugin/lifecycle@0.1.0; }",
    "export_lifecycle",
    { "plimsoll:plugin/types@0.1.0": types }
);
exported!(
    allocation,
    "package plimsoll:sdk; world allocation-only { export plimsoll:plugin/allocation-policy@0.1.0; }",
    "export_allocation",
    { "plimsoll:plugin/types@0.1.0": types }
);
exported!(
    challenge,
    "package plimsoll:sdk; world challenge-only { export plimsoll:plugin/challenge-strategy@0.1.0; }",
    "export_challenge",
    { "plimsoll:plugin/types@0.1.0": types }
);
exported!(
    proof,
    "package plimsoll:sdk; world proof-only { export plimsoll:plugin/proof-scheme@0.1.0; }",
    "export_proof",
    {
        "plimsoll:plugin/types@0.1.0": types,
        "plimsoll:plugin/pure@0.1.0": pure,
        "plimsoll:plugin/storage@0.1.0": storage
    }
);
exported!(
    incentive,
    "package plimsoll:sdk; world incentive-only { export plimsoll:plugin/incentive-rule@0.1.0; }",
    "export_incentive",
    { "plimsoll:plugin/types@0.1.0": types }
);
exported!(
    dataset,
    "package plimsoll:sdk; world dataset-only { export plimsoll:plugin/dataset-source@0.1.0; }",
    "export_dataset",
    { "plimsoll:plugin/types@0.1.0": types }
);
