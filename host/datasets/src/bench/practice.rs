//! A subnet of the real one's shape to try things on: commitments on a ledger, datasets for a hub.

use plimsoll_chain::{
    Chain as _, ChainError, GenesisNeuron, Ledger, LedgerGenesis, SubnetGenesis, SubnetRules,
};
use plimsoll_core::{Digest, Hotkey, Keypair, NetUid, StakeRao};
use plimsoll_hub::shape::Shape;
use plimsoll_hub::{Repo, Way};

/// The subnet's number.
pub const NETUID: NetUid = NetUid(96);
/// Another, whose miners commit to models in the same form; the hub has no datasets of these names.
const DECOY: NetUid = NetUid(9);
const DECOYS: u16 = 8;
const SEED: u64 = 1;

/// One miner's commitment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) uid: u16,
    pub(super) namespace: String,
    pub(super) commit: String,
    block: u64,
    /// The uid whose dataset it is.
    of: u16,
}

/// Who committed to what.
#[derive(Debug, Clone)]
pub struct Practice {
    neurons: u16,
    pub(super) named: Vec<Named>,
}

/// The key of a uid; good for nothing but this.
#[must_use]
pub fn practice_key(uid: u16) -> Keypair {
    practice_key_of(&format!("miner {uid}"))
}

fn practice_key_of(whom: &str) -> Keypair {
    Keypair::from_seed(&Digest::of(format!("practice {whom}").as_bytes()).0)
}

impl Practice {
    /// 256 uids of which 252 have committed, as on the real subnet.
    #[must_use]
    pub fn real() -> Self {
        let shape = Shape::new(SEED);
        let named = shape.miners.iter().filter_map(|miner| {
            let (namespace, commit) = miner.source()?;
            let (namespace, commit) = (namespace.to_owned(), commit.to_owned());
            Some(Named { uid: miner.uid, namespace, commit, block: miner.block, of: miner.uid })
        });
        Self { neurons: shape.miners.len().try_into().unwrap_or(u16::MAX), named: named.collect() }
    }

    /// The first so many of the 256 uids, all of which have committed: those that have not on the real subnet name a
    /// repository of their own with another's rows.
    #[must_use]
    pub fn full(datasets: u16) -> Self {
        let Self { neurons, mut named } = Self::real();
        let silent: Vec<u16> =
            (0..neurons).filter(|uid| named.iter().all(|named| named.uid != *uid)).collect();
        let copies = silent.into_iter().zip(named.clone()).map(|(uid, of)| Named {
            uid,
            namespace: format!("{}-again", of.namespace),
            ..of
        });
        let copies: Vec<Named> = copies.collect();
        named.extend(copies);
        named.sort_by_key(|named| named.uid);
        named.truncate(datasets.into());
        Self { neurons: datasets.min(neurons), named }
    }

    /// How many datasets there are.
    #[must_use]
    pub fn datasets(&self) -> usize {
        self.named.len()
    }

    /// What the hub holds: these datasets and the evaluation set.
    #[must_use]
    pub fn repos(&self) -> Vec<Repo> {
        let shape = Shape::new(SEED);
        let all = shape.repos(Way::Plain);
        let with_repo: Vec<u16> =
            shape.miners.iter().filter(|miner| miner.source().is_some()).map(|miner| miner.uid).collect();
        let of = |named: &Named| {
            let at = with_repo.binary_search(&named.of).ok()?;
            Some(Repo { namespace: named.namespace.clone(), ..all.get(at)?.clone() })
        };
        self.named.iter().filter_map(of).chain(all.last().cloned()).collect()
    }

    /// Whoever has an account on the hub has a coldkey; the rest share one.
    fn owner(&self, uid: u16) -> Hotkey {
        let named = self.named.iter().find(|named| named.uid == uid);
        let account = named.and_then(|named| named.namespace.split('/').next()).unwrap_or_default();
        practice_key_of(&format!("owner {account}")).hotkey()
    }

    /// A ledger on which all have committed, the oldest first; and a subnet beside it that looks like it.
    ///
    /// # Errors
    /// The ledger's.
    pub async fn ledger(&self) -> Result<Ledger, ChainError> {
        let neuron = |uid| GenesisNeuron {
            hotkey: practice_key(uid).hotkey(),
            coldkey: self.owner(uid),
            stake_rao: StakeRao(0),
            validator_permit: false,
            axon: None,
        };
        let subnet = |netuid, n_neurons: u16| SubnetGenesis {
            netuid,
            rules: SubnetRules { max_neurons: n_neurons.max(1), ..SubnetRules::default() },
            neurons: (0..n_neurons).map(neuron).collect(),
        };
        let SubnetGenesis { rules, neurons, .. } = subnet(NETUID, self.neurons);
        let mut genesis = LedgerGenesis::single(Digest::of(b"practice"), NETUID, rules, neurons);
        genesis.subnets.push(subnet(DECOY, DECOYS));
        let ledger = Ledger::new(genesis)?;
        ledger.advance(1);
        for uid in 0..DECOYS {
            let text = format!("merlin/llm-{uid}:1:{}", &Digest::of(&uid.to_le_bytes()).to_string()[..40]);
            ledger.commit(&practice_key(uid), DECOY, text.as_bytes()).await?;
        }
        let mut by_age: Vec<&Named> = self.named.iter().collect();
        by_age.sort_by_key(|named| (named.block, named.uid));
        for named in by_age {
            let text = format!("{}:1:{}", named.namespace, named.commit);
            ledger.commit(&practice_key(named.uid), NETUID, text.as_bytes()).await?;
            ledger.advance(1);
        }
        Ok(ledger)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dataset_that_is_committed_to_is_on_the_hub() {
        for (practice, datasets) in
            [(Practice::real(), 252), (Practice::full(256), 256), (Practice::full(7), 7)]
        {
            assert_eq!(practice.datasets(), datasets);
            let repos = practice.repos();
            assert_eq!(repos.len(), datasets + 1);
            for (named, repo) in practice.named.iter().zip(&repos) {
                assert_eq!((&named.namespace, &named.commit), (&repo.namespace, &repo.revisions[0].commit));
            }
        }
    }
}
