//! A scheme whose units outlast a deadline and whose parts do not: units are blocks of chained hashing, each begun from
//! the last bytes of the block before, and a sample asks for one block.
//!
//! So a miner keeps the last bytes of each block and makes the block that is asked for anew. With `flawed` off a
//! sample asks for all blocks of its unit, so that as much must be made anew as is gone.

use plimsoll_sdk::graphs::{Chain, chain_leaf};
use plimsoll_sdk::pure::{digest_of, keyed_digest, merkle_depth, merkle_leaf, merkle_verify};
use plimsoll_sdk::{
    Answer, Challenge, Claims, Digest, Draws, Extent, HashKind, Identity, LARGEST_PROOF_BYTES, Layout, Order,
    Parts, Plot, Plugin, ProofScheme, Region, Result, Span, Statement, Verdict,
};

plimsoll_sdk::parameters! {
    /// Parameters of a flawed scheme.
    pub struct Restartable {
        /// Whether the flaw is there.
        flawed: bool = true;
    }
}

const HASH: HashKind = HashKind::Blake3;
const CHAIN: Chain = Chain { layers: 6, window: 1, reverse: false };
/// The laws keep to any size, and are tested without optimisation.
const BLOCK_BYTES: u32 = if cfg!(test) { 4 << 10 } else { 64 << 10 };
const BLOCKS: u64 = 16;
const UNIT_BYTES: u32 = BLOCK_BYTES * BLOCKS as u32;
const LEAF_BYTES: u32 = 1024;
const LEAVES_A_BLOCK: u64 = (BLOCK_BYTES / LEAF_BYTES) as u64;

impl Plugin for Restartable {
    const NAME: &'static str = "broken-restartable";
    const SUMMARY: &'static str = "Fills units with blocks of chained hashing.";
    const LIMITS: &'static str =
        "Broken on purpose: the last bytes of a block are all that the next one needs.";
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }
}

/// The key of a block: of the first in a unit without what lies before it.
fn key(identity: &Identity, tail: &[u8]) -> Digest {
    digest_of(HASH, &[&identity.to_bytes(), tail].concat())
}

fn begins_unit(block: u64) -> bool {
    block.is_multiple_of(BLOCKS)
}

fn last_leaf(block: u64) -> u64 {
    block * LEAVES_A_BLOCK + LEAVES_A_BLOCK - 1
}

fn bound(challenge: &Challenge, of: &Statement, openings: &[u8]) -> Digest {
    keyed_digest(&challenge.nonce, &[openings, &challenge.to_bytes(), &of.identity.to_bytes()].concat())
}

impl Restartable {
    /// The blocks that are asked for, each with the leaf that is opened of it.
    fn drawn(&self, challenge: &Challenge) -> Vec<(u64, u64)> {
        let mut draws = Draws::new("broken restartable", &[&challenge.nonce]);
        let mut all = Vec::new();
        for unit in &challenge.units {
            // The flaw: one block stands for its unit.
            let only = draws.below(BLOCKS);
            let blocks = if self.flawed { only..only + 1 } else { 0..BLOCKS };
            let first = unit.saturating_mul(BLOCKS);
            all.extend(
                blocks.map(|at| (first + at, (first + at) * LEAVES_A_BLOCK + draws.below(LEAVES_A_BLOCK))),
            );
        }
        all
    }

    fn check(&self, of: &Statement, root: &Digest, to: &Challenge, proof: &[u8]) -> Result<(), String> {
        let (binding, openings) = proof.split_first_chunk().ok_or("ends before its binding")?;
        if *binding != bound(to, of, openings) {
            return Err("answers another challenge".into());
        }
        let mut parts = Parts::of(openings);
        let [blocks, leaves] = [BLOCKS, BLOCKS * LEAVES_A_BLOCK].map(|each| of.units.saturating_mul(each));
        for (block, leaf) in self.drawn(to) {
            let tail = match begins_unit(block) {
                true => &[][..],
                false => {
                    let before =
                        parts.merkle_opening(HASH, LEAF_BYTES, leaves, last_leaf(block - 1), root)?;
                    &before[LEAF_BYTES as usize - 32..]
                }
            };
            let bytes = parts.take(LEAF_BYTES as usize).ok_or("ends within a leaf")?;
            let path = parts.merkle_path(leaves, leaf).ok_or("ends within a path")?;
            let opened = merkle_leaf(HASH, LEAF_BYTES, leaves, leaf, bytes);
            // A block is a whole subtree: the upper part of its leaf's path is its own.
            let (_, upper) = path.split_at(path.len() - 32 * merkle_depth(blocks, block) as usize);
            let made = chain_leaf(CHAIN, &key(&of.identity, tail), block, BLOCK_BYTES, HASH, blocks);
            if !merkle_verify(HASH, root, leaves, leaf, &opened, path)
                || !merkle_verify(HASH, root, blocks, block, &made, upper)
            {
                return Err(format!("block {block} is not what follows from the one before"));
            }
        }
        parts.end()
    }
}

impl ProofScheme for Restartable {
    fn proves(&self) -> Claims {
        Claims { space: true, ..Claims::default() }
    }

    fn plan(&self, _identity: &Identity, capacity_bytes: u64) -> Result<Layout> {
        Layout::one_pass("fill", Order::Independent, UNIT_BYTES, 0, capacity_bytes)
    }

    fn fill(&self, plot: &dyn Plot, identity: &Identity, _pass: u32, units: Span) -> Result<()> {
        for block in units.first * BLOCKS..units.end() * BLOCKS {
            let tail = match begins_unit(block) {
                true => Vec::new(),
                false => plot.read(Extent { offset: block * u64::from(BLOCK_BYTES) - 32, len: 32 })?,
            };
            plot.fill_chain(CHAIN, &key(identity, &tail), BLOCK_BYTES, Span { first: block, count: 1 })?;
        }
        Ok(())
    }

    fn commit(&self, region: &dyn Region, _identity: &Identity, layout: &Layout) -> Result<Option<Digest>> {
        region.merkle_root(HASH, BLOCK_BYTES, Extent { offset: 0, len: layout.region_bytes }).map(Some)
    }

    fn most_samples(&self, of: &Statement) -> u32 {
        let opening = LEAF_BYTES + 32 * merkle_depth(of.units.saturating_mul(BLOCKS * LEAVES_A_BLOCK), 0);
        let each = 2 * opening * if self.flawed { 1 } else { BLOCKS as u32 };
        (LARGEST_PROOF_BYTES as u32 - 32) / each
    }

    fn prove(&self, region: &dyn Region, statement: &Statement, challenge: &[u8]) -> Result<Answer> {
        statement.committed(UNIT_BYTES)?;
        let challenge = Challenge::parse(challenge, statement)?;
        let before = |block: u64| (!begins_unit(block)).then(|| last_leaf(block - 1));
        let leaves: Vec<u64> = self
            .drawn(&challenge)
            .into_iter()
            .flat_map(|(block, leaf)| before(block).into_iter().chain([leaf]))
            .collect();
        let all = Extent { offset: 0, len: statement.unit(statement.units).offset };
        let openings = region.merkle_openings(HASH, LEAF_BYTES, all, &leaves)?;
        Ok(Answer::Proof([&bound(&challenge, statement, &openings)[..], &openings].concat()))
    }

    fn verify(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Result<Verdict> {
        let root = statement.committed(UNIT_BYTES)?;
        let challenge = Challenge::parse(challenge, statement)?;
        Ok(self.check(statement, &root, &challenge, proof).into())
    }
}

plimsoll_sdk::export_plugin!(Restartable as proof_scheme);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_its_flaw_and_without_it_keeps_the_laws_of_schemes() {
        for config in [r#"{"flawed": true}"#, r#"{"flawed": false}"#] {
            plimsoll_sdk::laws::proof_scheme::<Restartable>(config, u64::from(UNIT_BYTES));
        }
    }
}
