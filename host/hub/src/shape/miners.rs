//! Who the miners are: accounts, names, ages.

use super::chance::Chance;

/// Uids without a commitment.
pub(super) const SILENT: [u16; 4] = [0, 5, 27, 129];
/// Repositories of each account.
const REPOS_PER_ACCOUNT: [(usize, usize); 12] =
    [(1, 51), (1, 20), (1, 11), (1, 10), (5, 9), (3, 8), (3, 7), (2, 6), (1, 5), (1, 4), (3, 3), (6, 2)];
const SINGLE_ACCOUNTS: usize = 28;
/// Age in days at quantiles in thousandths, of commitments.
const AGES: [(u64, f64); 4] = [(0, 0.005), (500, 7.5), (950, 33.9), (1000, 60.0)];
const BLOCKS_PER_DAY: f64 = 7200.0;

/// Which account each of the 252 repositories belongs to.
pub(super) fn account_of_each() -> Vec<usize> {
    let many = REPOS_PER_ACCOUNT.iter().flat_map(|(accounts, repos)| std::iter::repeat_n(*repos, *accounts));
    let counts = many.chain(std::iter::repeat_n(1, SINGLE_ACCOUNTS));
    counts.enumerate().flat_map(|(account, repos)| std::iter::repeat_n(account, repos)).collect()
}

/// An account's name: 4 to 12 letters, different for every account.
pub(super) fn account_name(account: usize) -> String {
    const NAMES: [&str; 8] = ["orca", "lumen", "harbor", "north", "tidal", "keel", "quarry", "brine"];
    let name = NAMES.get(account % NAMES.len()).copied().unwrap_or("orca");
    format!("{name}{account}")
}

/// How old the `n`-th of `of` commitments is, in blocks.
pub(super) fn age_blocks(n: usize, of: usize) -> u64 {
    let at = u64::try_from(n * 1000 / of.saturating_sub(1).max(1)).unwrap_or(1000);
    let days = AGES.windows(2).find_map(|pair| match pair {
        [(low, young), (high, old)] if (*low..=*high).contains(&at) => {
            let part = f64::from(u32::try_from(at - low).ok()?) / f64::from(u32::try_from(high - low).ok()?);
            Some(young + (old - young) * part)
        }
        _ => None,
    });
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 60 days of blocks")]
    let blocks = (days.unwrap_or(60.0) * BLOCKS_PER_DAY) as u64;
    blocks
}

/// The commit of a repository.
pub(super) fn commit(seed: u64, namespace: &str) -> String {
    let bytes = Chance::new(seed, namespace).bytes32();
    hex::encode(bytes).chars().take(40).collect()
}
