//! The file of `plimsoll localnet --rules`.

use std::collections::BTreeMap;
use std::path::Path;

use plimsoll_chain::{LedgerGenesis, SubnetRules};
use plimsoll_core::{Hotkey, StakeRao};
use serde::Deserialize;

use crate::exit::{Exit, Failure};

/// What such a file says.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RulesFile {
    rules: SubnetRules,
    /// In rao, by coldkey.
    balances: BTreeMap<Hotkey, StakeRao>,
}

/// Gives every subnet of `genesis` the rules of the file. Its pace stays where the file says nothing of it.
pub(super) fn read(path: &Path, genesis: &mut LedgerGenesis) -> Result<(), Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(Exit::Config, format!("cannot read {}: {error}", path.display())))?;
    apply(path, &text, genesis)
}

fn apply(path: &Path, text: &str, genesis: &mut LedgerGenesis) -> Result<(), Failure> {
    let RulesFile { rules, balances } = toml::from_str(text).map_err(|error| misread(path, text, &error))?;
    let said: toml::Table = toml::from_str(text).map_err(|error| misread(path, text, &error))?;
    let says = |key: &str| said.get("rules").and_then(|rules| rules.get(key)).is_some();
    for subnet in &mut genesis.subnets {
        let own = std::mem::replace(&mut subnet.rules, rules);
        if !says("tempo_blocks") {
            subnet.rules.tempo_blocks = own.tempo_blocks;
        }
        if !says("weights_rate_limit_blocks") {
            subnet.rules.weights_rate_limit_blocks = own.weights_rate_limit_blocks;
        }
    }
    genesis.balances = balances;
    Ok(())
}

/// With the line and the column, both from 1, the column in characters.
fn misread(path: &Path, text: &str, error: &toml::de::Error) -> Failure {
    let before = text.get(..error.span().map_or(0, |span| span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Failure::new(Exit::Config, format!("{}:{line}:{column}: {}", path.display(), error.message()))
}

#[cfg(test)]
mod tests {
    use plimsoll_core::NetUid;

    use super::*;

    fn applied(text: &str) -> Result<LedgerGenesis, String> {
        let mut genesis = LedgerGenesis::development(NetUid(1));
        apply(Path::new("rules.toml"), text, &mut genesis).map_err(|failure| failure.message)?;
        Ok(genesis)
    }

    #[test]
    fn what_the_file_leaves_out_is_as_it_was() {
        let coldkey = Hotkey([7; 32]);
        let text =
            format!("[rules.registration]\ncost_rao = 5\nmin_cost_rao = 2\n[balances]\n{coldkey} = 9\n");
        let genesis = applied(&text).unwrap();
        let mut expected = LedgerGenesis::development(NetUid(1));
        let registration = &mut expected.subnets[0].rules.registration;
        (registration.cost_rao, registration.min_cost_rao) = (StakeRao(5), StakeRao(2));
        expected.balances = [(coldkey, StakeRao(9))].into();
        assert_eq!(genesis, expected);
        assert_eq!(applied("").unwrap(), LedgerGenesis::development(NetUid(1)));
    }

    #[test]
    fn a_pace_in_the_file_stands() {
        let genesis = applied("[rules]\ntempo_blocks = 7\nweights_rate_limit_blocks = 3\n").unwrap();
        let rules = genesis.subnets[0].rules;
        assert_eq!((rules.tempo_blocks, rules.weights_rate_limit_blocks), (7, 3));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_column() {
        let unknown = applied("[rules]\n\n  tempo = 7\n").unwrap_err();
        assert!(unknown.starts_with("rules.toml:3:3: unknown field `tempo`, expected one of "), "{unknown}");
        let kind = applied("[rules]\ntempo_blocks = \"7\"\n").unwrap_err();
        assert!(kind.starts_with("rules.toml:2:16: invalid type: string"), "{kind}");
        let broken = applied("[rules]\ntempo_blocks 7\n").unwrap_err();
        assert!(broken.starts_with("rules.toml:2:"), "{broken}");
    }
}
