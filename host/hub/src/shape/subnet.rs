//! The whole subnet: commitments and repositories.

use std::collections::BTreeSet;

use super::chance::Chance;
use super::evaluation::{EVALUATION_COMMIT, EVALUATION_REPO, ROWS, evaluation_rows};
use super::miners::{SILENT, account_name, account_of_each, age_blocks, commit};
use crate::repo::{Repo, Way};

/// The block at which the subnet is seen.
pub const SHAPE_BLOCK: u64 = 7_082_055;
const UIDS: u16 = 256;
const ROWS_EACH: usize = 250;
const ROWS_IN_USE: usize = 2125;
/// Rows that the repositories of one account share.
const ROWS_SHARED: usize = 150;

/// A uid of the subnet and what it has committed to.
#[derive(Debug, Clone)]
pub struct Miner {
    /// Its place in the subnet.
    pub uid: u16,
    /// Its hotkey's 32 bytes.
    pub hotkey: [u8; 32],
    /// What is on chain, `owner/name:1:COMMIT`; nothing for four uids.
    pub commitment: Option<String>,
    /// The block of the commitment; 0 without one.
    pub block: u64,
    /// Which rows of the evaluation set its dataset is made of.
    pub rows: Vec<usize>,
}

impl Miner {
    /// Repository and commit, of a miner that has committed.
    pub fn source(&self) -> Option<(&str, &str)> {
        let (namespace, rest) = self.commitment.as_ref()?.split_once(':')?;
        Some((namespace, rest.split_once(':')?.1))
    }
}

/// A subnet in a real one's proportions.
#[derive(Debug, Clone)]
pub struct Shape {
    seed: u64,
    /// In order of their uids.
    pub miners: Vec<Miner>,
}

impl Shape {
    /// The subnet of a seed.
    pub fn new(seed: u64) -> Self {
        let uids: Vec<u16> = (0..UIDS).filter(|uid| !SILENT.contains(uid)).collect();
        let mut chance = Chance::new(seed, "subnet");
        let accounts = account_of_each();
        let order = chance.some_of((0..accounts.len()).collect(), accounts.len());
        let ages = chance.some_of((0..uids.len()).collect(), uids.len());
        let in_use = chance.some_of((0..ROWS).collect(), ROWS_IN_USE);
        let mut miners: Vec<Miner> = SILENT.iter().map(|uid| Miner::silent(seed, *uid)).collect();
        for (n, uid) in uids.iter().enumerate() {
            let repo = order.get(n).copied().unwrap_or(n);
            let account = accounts.get(repo).copied().unwrap_or(0);
            let namespace = format!("{}/{}", account_name(account), repo_name(repo));
            let commit = commit(seed, &namespace);
            miners.push(Miner {
                uid: *uid,
                hotkey: Chance::new(seed, &format!("hotkey {uid}")).bytes32(),
                commitment: Some(format!("{namespace}:1:{commit}")),
                block: SHAPE_BLOCK - age_blocks(ages.get(n).copied().unwrap_or(n), uids.len()),
                rows: rows_of(seed, &in_use, n, uids.len(), account),
            });
        }
        miners.sort_by_key(|miner| miner.uid);
        Self { seed, miners }
    }

    /// The repositories of all miners and the evaluation set, each dataset handed out `way`.
    pub fn repos(&self, way: Way) -> Vec<Repo> {
        let rows = evaluation_rows(self.seed);
        let text = |wanted: &[usize]| {
            let lines = wanted.iter().filter_map(|n| rows.get(*n));
            lines.flat_map(|row| [row.as_str(), "\n"]).collect::<String>()
        };
        let of = |miner: &Miner| {
            let (namespace, commit) = miner.source()?;
            Some(Repo::with_dataset(namespace, commit, text(&miner.rows), way))
        };
        let mut repos: Vec<Repo> = self.miners.iter().filter_map(of).collect();
        let all: Vec<usize> = (0..ROWS).collect();
        repos.push(Repo::with_dataset(EVALUATION_REPO, EVALUATION_COMMIT, text(&all), way));
        repos
    }
}

impl Miner {
    fn silent(seed: u64, uid: u16) -> Self {
        let hotkey = Chance::new(seed, &format!("hotkey {uid}")).bytes32();
        Self { uid, hotkey, commitment: None, block: 0, rows: Vec::new() }
    }
}

fn repo_name(repo: usize) -> String {
    const NAMES: [&str; 4] = ["flock", "off-data", "roleplay-s1", "dataset_96"];
    format!("{}-{repo}", NAMES.get(repo % NAMES.len()).copied().unwrap_or("flock"))
}

/// 250 different rows: the miner's part of all that are in use, some of its account's, others at random.
fn rows_of(seed: u64, in_use: &[usize], n: usize, miners: usize, account: usize) -> Vec<usize> {
    let part = n * in_use.len() / miners..(n + 1) * in_use.len() / miners;
    let mut rows: BTreeSet<usize> = in_use.get(part).unwrap_or_default().iter().copied().collect();
    let mut of_account = Chance::new(seed, &format!("account {account}"));
    rows.extend(of_account.some_of(in_use.to_vec(), ROWS_SHARED));
    let mut chance = Chance::new(seed, &format!("miner {n}"));
    while rows.len() < ROWS_EACH {
        rows.extend(in_use.get(chance.below(in_use.len())));
    }
    let rows: Vec<usize> = rows.into_iter().collect();
    let len = rows.len();
    chance.some_of(rows, len)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn the_subnet_has_the_counts_of_the_real_one() {
        let shape = Shape::new(1);
        assert_eq!(shape.miners.len(), 256);
        let silent: Vec<u16> =
            shape.miners.iter().filter(|miner| miner.commitment.is_none()).map(|miner| miner.uid).collect();
        assert_eq!(silent, [0, 5, 27, 129]);
        let used: BTreeSet<usize> =
            shape.miners.iter().flat_map(|miner| miner.rows.iter().copied()).collect();
        assert_eq!(used.len(), 2125);
        let sources: BTreeSet<_> = shape.miners.iter().filter_map(Miner::source).collect();
        assert_eq!(sources.len(), 252);
        let mut accounts: BTreeMap<&str, usize> = BTreeMap::new();
        for (namespace, commit) in sources {
            *accounts.entry(namespace.split_once('/').unwrap().0).or_default() += 1;
            assert!(commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit()), "{commit}");
        }
        assert_eq!(accounts.len(), 56);
        let mut counts: Vec<usize> = accounts.into_values().collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        assert_eq!(counts[..6], [51, 20, 11, 10, 9, 9]);
        assert_eq!(counts.iter().filter(|count| **count == 1).count(), 28);
        for miner in shape.miners.iter().filter(|miner| miner.commitment.is_some()) {
            let rows: BTreeSet<_> = miner.rows.iter().collect();
            assert_eq!((rows.len(), miner.rows.len()), (250, 250), "uid {}", miner.uid);
            let len = miner.commitment.as_ref().unwrap().len();
            assert!((53..=71).contains(&len), "{len}");
        }
    }

    #[test]
    fn datasets_are_as_large_as_real_ones_and_follow_from_the_seed() {
        let repos = Shape::new(1).repos(Way::Plain);
        let bytes = |repo: &Repo| repo.revisions[0].files["data.jsonl"].bytes.len();
        let (evaluation, miners) = repos.split_last().unwrap();
        let mean = miners.iter().map(bytes).sum::<usize>() / miners.len();
        assert!((178_000..185_000).contains(&mean), "{mean}");
        assert_eq!(evaluation.namespace, EVALUATION_REPO);
        let digests = |seed| {
            let repos = Shape::new(seed).repos(Way::Plain);
            repos.iter().map(|repo| repo.revisions[0].files["data.jsonl"].sha256.clone()).collect::<Vec<_>>()
        };
        assert_eq!(digests(1), digests(1));
        assert_ne!(digests(1), digests(2));
    }

    #[test]
    fn commitments_are_as_old_as_in_the_real_one() {
        let shape = Shape::new(1);
        let mut ages: Vec<u64> = shape
            .miners
            .iter()
            .filter(|miner| miner.commitment.is_some())
            .map(|miner| (SHAPE_BLOCK - miner.block) / 72)
            .collect();
        ages.sort_unstable();
        // In hundredths of a day.
        assert!(ages[0] <= 1 && (700..800).contains(&ages[126]) && ages[251] == 6000, "{ages:?}");
    }
}
