//! Graphs, chains, masks and walks over storage in memory: one label, one segment, one byte after another.

use crate::doubles::{MemoryPlot, MemoryRegion};
use crate::graph_twins::{chain_unit, sdr_label, sdr_parents};
use crate::graphs::{Chain, GraphPlot, Mask, SDR_BASE_PARENTS, Sdr, Walked, Walks};
use crate::pure::{HashKind, digest_of};
use crate::twins::keystream;
use crate::{Digest, Extent, Plot, PluginError, Region, Result, Span};

const MIB: u64 = 1 << 20;

fn bad(message: String) -> PluginError {
    PluginError::BadInput(message)
}

impl GraphPlot for MemoryPlot {
    fn fill_sdr(&self, shape: &Sdr, replica_ids: &[Digest], labels: Span) -> Result<()> {
        let Sdr { porep_id, nodes, layers } = *shape;
        let sector = u64::from(nodes) * u64::from(layers);
        let end = labels.first.saturating_add(labels.count);
        let touched =
            end.checked_next_multiple_of(sector).filter(|end| end.saturating_mul(32) <= self.size_bytes());
        if touched.is_none() {
            return Err(bad(format!("{labels:?} in sectors of {sector} labels are outside of the plot")));
        }
        let first_sector = labels.first / sector;
        let sectors = if labels.count == 0 { 0 } else { end.div_ceil(sector) - first_sector };
        if replica_ids.len() as u64 != sectors {
            return Err(bad(format!("{} replica ids for {sectors} sectors", replica_ids.len())));
        }
        for label in labels.first..end {
            let (node, layer) =
                ((label % u64::from(nodes)) as u32, (label % sector / u64::from(nodes)) as u32);
            let start = label - u64::from(node);
            let mut parents = Vec::new();
            for (number, parent) in sdr_parents(&porep_id, nodes, node).into_iter().enumerate() {
                let base = number < SDR_BASE_PARENTS;
                if node > 0 && (base || layer > 0) {
                    let from = if base { start } else { start - u64::from(nodes) };
                    parents.extend(self.read(Extent { offset: 32 * (from + u64::from(parent)), len: 32 })?);
                }
            }
            let replica_id = &replica_ids[(label / sector - first_sector) as usize];
            self.write(32 * label, &sdr_label(replica_id, layer + 1, node, &parents))?;
        }
        Ok(())
    }

    fn fill_chain(&self, shape: Chain, key: &Digest, unit_bytes: u32, units: Span) -> Result<()> {
        for unit in units.first..units.first.saturating_add(units.count) {
            let bytes = chain_unit(shape, key, unit, unit_bytes);
            for (at, piece) in (0..).step_by(MIB as usize).zip(bytes.chunks(MIB as usize)) {
                self.write(unit.saturating_mul(unit_bytes.into()).saturating_add(at), piece)?;
            }
        }
        Ok(())
    }

    fn combine(&self, source: Extent, mask: &Mask, to: u64) -> Result<()> {
        let len = source.len;
        let read_from = match *mask {
            Mask::Bytes(offset) => vec![source.offset, offset],
            Mask::Stream { .. } => vec![source.offset],
        };
        if let Some(offset) = read_from.iter().find(|offset| offset.abs_diff(to) < len) {
            return Err(bad(format!("{len} bytes at {to} would overwrite what is read at {offset}")));
        }
        for at in 0..len {
            let byte = self.read(Extent { offset: source.offset.saturating_add(at), len: 1 })?;
            let with = match *mask {
                Mask::Bytes(offset) => self.read(Extent { offset: offset.saturating_add(at), len: 1 })?,
                Mask::Stream { unit_bytes: 0, .. } => return Err(bad("a mask of units of 0 bytes".into())),
                Mask::Stream { kind, ref key, unit_bytes, first_unit } => {
                    let each = u64::from(unit_bytes);
                    let unit = first_unit.checked_add(at / each).ok_or_else(|| bad("no such unit".into()))?;
                    keystream(kind, key, unit, at % each, 1)
                }
            };
            self.write(to.saturating_add(at), &[byte[0] ^ with[0]])?;
        }
        Ok(())
    }
}

impl Walks for MemoryRegion {
    fn walk(
        &self,
        kind: HashKind,
        over: Extent,
        block_bytes: u32,
        state: &Digest,
        steps: u32,
    ) -> Result<Walked> {
        let each = u64::from(block_bytes);
        let sound = (1..=MIB).contains(&each) && over.len >= each && steps <= 4096;
        if !sound {
            return Err(bad(format!("{steps} steps over {} bytes in blocks of {each}", over.len)));
        }
        let mut walked = Walked { blocks: Vec::new(), state: *state };
        for _ in 0..steps {
            let fraction = walked.state[..8].iter().rev().fold(0, |word, &byte| word << 8 | u128::from(byte));
            let block = ((fraction * u128::from(over.len / each)) >> 64) as u64;
            let bytes = self.read(Extent { offset: over.offset.saturating_add(block * each), len: each })?;
            walked.state = digest_of(kind, &[&walked.state[..], &bytes].concat());
            walked.blocks.push(block);
        }
        Ok(walked)
    }

    fn gather_digest(&self, kind: HashKind, nonce: &[u8], at: &[Extent]) -> Result<Digest> {
        let mut all = nonce.to_vec();
        for &at in at {
            let end = at.offset.checked_add(at.len).filter(|&end| end <= self.size_bytes());
            let end = end.ok_or_else(|| bad(format!("{at:?} is outside of {} bytes", self.size_bytes())))?;
            all.extend(&self.bytes[at.offset as usize..end as usize]);
        }
        Ok(digest_of(kind, &all))
    }
}
