//! Flags that set a configuration value, in groups that verbs flatten into their own arguments. The
//! prototype's spellings are accepted beside ours.

use crate::config::Override;

/// A group of flags, seen as values of the configuration.
pub(crate) trait Overrides {
    /// What the user gave.
    fn overrides(&self) -> Vec<Override>;
}

macro_rules! group {
    (
        $(#[$doc:meta])*
        $name:ident { $( $(#[$flag_doc:meta])* $field:ident : $key:literal, $long:literal, [$($arg:tt)*]; )* }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Default, clap::Args)]
        #[command(next_help_heading = "Configuration")]
        pub(crate) struct $name {
            $( $(#[$flag_doc])* #[arg(long = $long, $($arg)*)] pub(crate) $field: Option<String>, )*
        }

        impl Overrides for $name {
            fn overrides(&self) -> Vec<Override> {
                let given = [$( ($key, $long, &self.$field) ),*];
                let given = given.into_iter().filter_map(|(key, long, value)| {
                    Some(Override { path: key.into(), before: format!("--{long} "), value: value.clone()? })
                });
                given.collect()
            }
        }
    };
}

group! {
    /// Whose key signs.
    WalletFlags {
        /// The wallet's name [wallet.name]
        wallet_name: "wallet.name", "wallet.name", [value_name = "NAME", alias = "wallet-name"];
        /// The hotkey's name [wallet.hotkey]
        wallet_hotkey: "wallet.hotkey", "wallet.hotkey", [value_name = "NAME", alias = "wallet-hotkey"];
        /// The folder of all wallets [wallet.path]
        wallet_path: "wallet.path", "wallet.path", [value_name = "DIR", alias = "wallet-path"];
    }
}

group! {
    /// Where plots are.
    FolderFlags {
        /// The folder that plots are kept in [space.db_path]
        db_path: "space.db_path", "db-path", [value_name = "DIR", alias = "db_path", alias = "db_root_path"];
    }
}

group! {
    /// How much space is offered.
    SpaceFlags {
        /// The share of the free space to use, above 0 and at most 1 [space.threshold]
        threshold: "space.threshold", "threshold", [value_name = "SHARE", allow_hyphen_values = true];
        /// A cap that is never exceeded, such as 2TB [space.max_size]
        max_size: "space.max_size", "max-size", [value_name = "SIZE", alias = "max_size"];
        /// Bytes of one chunk [space.chunk_size]
        chunk_size: "space.chunk_size", "chunk-size", [value_name = "SIZE", alias = "chunk_size"];
    }
}

group! {
    /// How the disk is worked on.
    WorkFlags {
        /// Threads; 0 means one a core [space.workers]
        workers: "space.workers", "workers", [value_name = "N"];
        /// How plots are written: auto, direct or buffered [space.io]
        io: "space.io", "io", [value_name = "METHOD"];
    }
}

group! {
    /// Which chain and subnet.
    ChainFlags {
        /// The subnet's number [chain.netuid]
        netuid: "chain.netuid", "netuid", [value_name = "N"];
        /// Where the chain is, such as local://127.0.0.1:9933 [chain.endpoint]
        endpoint: "chain.endpoint", "endpoint", [value_name = "URL", alias = "subtensor.chain_endpoint", alias = "chain-endpoint"];
        /// The Bittensor network: finney, test or local [chain.network]
        network: "chain.network", "network", [value_name = "NAME", alias = "subtensor.network"];
    }
}

group! {
    /// Which plugins decide.
    PluginFlags {
        /// The proof scheme: builtin:NAME or a .wasm file [proof.scheme]
        scheme: "proof.scheme", "scheme", [value_name = "PLUGIN"];
        /// The allocation policy [allocation.policy]
        policy: "allocation.policy", "policy", [value_name = "PLUGIN", alias = "allocation"];
        /// The challenge strategy [challenge.strategy]
        strategy: "challenge.strategy", "strategy", [value_name = "PLUGIN", alias = "challenge"];
        /// The incentive rule [incentive.rule]
        rule: "incentive.rule", "rule", [value_name = "PLUGIN", alias = "incentive"];
    }
}

group! {
    /// Where datasets are kept.
    DataFlags {
        /// The folder of the archive [dataset.data_dir]
        data_dir: "dataset.data_dir", "data-dir", [value_name = "DIR", alias = "data_dir"];
    }
}

group! {
    /// How they are fetched.
    FetchFlags {
        /// Requests to the hub at a time [dataset.jobs]
        jobs: "dataset.jobs", "jobs", [value_name = "N"];
        /// Requests to the hub a second at most, 0 for as many as it grants [dataset.rate]
        rate: "dataset.rate", "rate", [value_name = "N"];
        /// Do not count datasets with fewer valid rows as downloaded; they are kept [dataset.min_rows]
        min_rows: "dataset.min_rows", "min-rows", [value_name = "N", alias = "min_rows"];
    }
}

/// Whose form of commitments and rows.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Configuration")]
pub(crate) struct SourceFlags {
    /// The dataset source: flock, builtin:NAME or a .wasm file [dataset.source]
    #[arg(long, value_name = "PLUGIN")]
    pub(crate) source: Option<String>,
}

impl Overrides for SourceFlags {
    fn overrides(&self) -> Vec<Override> {
        let given = self.source.iter().map(|source| Override {
            path: "dataset.source".into(),
            before: "--source ".into(),
            value: source_named(source),
        });
        given.collect()
    }
}

/// A bare word is a shipped source.
fn source_named(text: &str) -> String {
    match text.contains([':', '/', '.']) {
        true => text.to_owned(),
        false => format!("builtin:dataset-{}", text.trim_start_matches("dataset-")),
    }
}
