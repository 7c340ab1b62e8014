//! Checking: every stored byte, every snapshot, and whose datasets a damage concerns.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::os::unix::fs::FileExt;

use plimsoll_core::{Digest, Hotkey, NetUid, Uid};
use redb::ReadableTable;

use super::block::check_digest;
use super::entry::Entry;
use super::error::{ArchiveError, BlockFault};
use super::index::{OBJECTS, PACKS, SOURCES};
use super::manifest::Place;
use super::pack::{BlockPlace, HEAD_BYTES, Packs, is_pack_head};
use super::report::{Affected, Damage, Depth, Origin, Report};
use super::store::{Archive, manifest_of, origin_of, seal_at};
use super::view::View;

impl Archive {
    /// Checks the archive. What it finds is told, not changed: fetched again and put in, a damaged object is whole. (The
    /// index's own pages are checked whenever it is opened to write.)
    ///
    /// # Errors
    /// [`ArchiveError::Disk`] and [`ArchiveError::Index`]; damage of packs is no error but in the report.
    pub fn fsck(&self, depth: Depth) -> Result<Report, ArchiveError> {
        let mut report = Report::default();
        let view = self.view_of_its_own()?;
        let bad = self.check_packs(&mut report)?;
        let objects = self.check_objects(&view, depth, &bad, &mut report)?;
        self.check_snapshots(&view, &objects, &mut report)?;
        self.find_origins(objects, &mut report)?;
        Ok(report)
    }

    /// The blocks that do not have their digest.
    fn check_packs(&self, report: &mut Report) -> Result<HashSet<BlockPlace>, ArchiveError> {
        let read = self.index.read()?;
        let mut blocks = self.block_places()?;
        let (mut bad, mut known) = (HashSet::new(), BTreeSet::new());
        for row in self.index.table(&read, PACKS)?.iter()? {
            let (pack, len) = row.map(|(pack, len)| (pack.value(), len.value()))?;
            known.insert(pack);
            let blocks = blocks.remove(&pack).unwrap_or_default();
            self.check_pack(pack, len, &blocks, &mut bad, report)?;
        }
        for (pack, blocks) in blocks {
            report.damages.push(Damage::Pack(format!("pack {pack} is named by blocks but is none")));
            bad.extend(blocks);
        }
        let folder = self.packs.folder();
        for entry in fs::read_dir(folder).map_err(ArchiveError::disk(folder, "list"))? {
            let name = entry.map_err(ArchiveError::disk(folder, "list"))?.file_name();
            if Packs::number_of(&name).is_none_or(|pack| !known.contains(&pack)) {
                report.notes.push(format!("{} is not needed", folder.join(name).display()));
            }
        }
        Ok(bad)
    }

    fn check_pack(
        &self,
        pack: u32,
        len: u32,
        blocks: &[BlockPlace],
        bad: &mut HashSet<BlockPlace>,
        report: &mut Report,
    ) -> Result<(), ArchiveError> {
        let path = self.packs.path(pack);
        let Some(file) = self.packs.file(pack)? else {
            report.damages.push(Damage::Pack(format!("{} is missing", path.display())));
            bad.extend(blocks);
            return Ok(());
        };
        let found = file.metadata().map_err(ArchiveError::disk(&path, "look at"))?.len();
        if found < u64::from(len) {
            let why = format!("{} has {found} bytes, expected {len}", path.display());
            report.damages.push(Damage::Pack(why));
        } else if found > u64::from(len) {
            let more = found - u64::from(len);
            report.notes.push(format!("{} ends with {more} bytes that were never committed", path.display()));
        }
        let mut head = [0; HEAD_BYTES as usize];
        if file.read_exact_at(&mut head, 0).is_err() || !is_pack_head(&head, pack, &self.packs.key) {
            let why = format!("{} does not begin as pack {pack} of version 1", path.display());
            report.damages.push(Damage::Pack(why));
        }
        let mut buffer = Vec::new();
        for &place in blocks {
            buffer.resize(place.bytes as usize, 0);
            let read = file.read_exact_at(&mut buffer, u64::from(place.offset));
            let end = u64::from(place.offset) + u64::from(place.bytes);
            let checked = match read {
                Ok(()) => check_digest(&buffer, &self.packs.key, pack, place.offset),
                Err(_) => Err(BlockFault::Short { pack, end }),
            };
            report.blocks += 1;
            report.bytes += u64::from(place.bytes);
            if let Err(fault) = checked {
                report.damages.push(Damage::Pack(fault.to_string()));
                bad.insert(place);
            }
        }
        Ok(())
    }

    /// The objects that cannot be put together.
    fn check_objects(
        &self,
        view: &View<'_>,
        depth: Depth,
        bad: &HashSet<BlockPlace>,
        report: &mut Report,
    ) -> Result<HashSet<Digest>, ArchiveError> {
        let mut broken = HashSet::new();
        if bad.is_empty() && depth == Depth::Stored {
            return Ok(broken);
        }
        let read = self.index.read()?;
        for row in self.index.table(&read, OBJECTS)?.iter()? {
            let object = Digest(*row?.0.value());
            // What is to be erased needs not be whole.
            if self.reason_down(&object)?.is_some() {
                continue;
            }
            report.objects += 1;
            let checked = match depth {
                Depth::Stored => avoids(view, &object, bad),
                Depth::Objects => view.object(&object).map(|_| ()),
            };
            match checked {
                Ok(()) => {}
                Err(e) if e.is_damage() => {
                    broken.insert(object);
                    report.damages.push(Damage::Object { object, why: e.to_string() });
                }
                Err(e) => return Err(e),
            }
        }
        Ok(broken)
    }

    fn check_snapshots(
        &self,
        view: &View<'_>,
        broken: &HashSet<Digest>,
        report: &mut Report,
    ) -> Result<(), ArchiveError> {
        let mut affected: BTreeMap<(NetUid, Uid, Hotkey, Digest), Affected> = BTreeMap::new();
        // Most are the same from one snapshot to the next.
        let mut there: HashSet<Digest> = HashSet::new();
        for (place, number) in self.seals()?.into_iter().chain(self.replaced_seals()?) {
            report.snapshots += 1;
            let entries = match self.check_snapshot(view, place, number) {
                Ok(entries) => entries,
                Err(ArchiveError::Disk { path, doing, source }) => {
                    return Err(ArchiveError::Disk { path, doing, source });
                }
                Err(e) => {
                    report.damages.push(Damage::Snapshot { place, why: e.to_string() });
                    continue;
                }
            };
            for entry in entries {
                let Some(object) = entry.object() else { continue };
                let is_gone = !there.contains(&object) && self.is_gone(view, &object)?;
                if !is_gone {
                    there.insert(object);
                }
                if is_gone {
                    report.damages.push(Damage::Gone { place, uid: entry.uid, object });
                }
                if is_gone || broken.contains(&object) {
                    // The newest by block stays.
                    affected
                        .insert((place.netuid, entry.uid, entry.hotkey, object), Affected { place, entry });
                }
            }
        }
        report.affected = affected.into_values().collect();
        Ok(())
    }

    /// Whether an object is neither kept nor taken down.
    pub(super) fn is_gone(&self, view: &View<'_>, object: &Digest) -> Result<bool, ArchiveError> {
        Ok(view.recipe_number(object)?.is_none() && self.reason_down(object)?.is_none())
    }

    /// Where damaged objects were fetched from, those that no snapshot names among them.
    fn find_origins(&self, mut objects: HashSet<Digest>, report: &mut Report) -> Result<(), ArchiveError> {
        objects.extend(report.affected.iter().filter_map(|affected| affected.entry.object()));
        let read = self.index.read()?;
        for row in self.index.table(&read, SOURCES)?.iter()? {
            let (key, object) = row?;
            let object = Digest(*object.value());
            let origin = objects.contains(&object).then(|| origin_of(key.value())).flatten();
            if let Some((namespace, commit, path)) = origin {
                let (namespace, commit, path) = (namespace.to_owned(), commit.to_owned(), path.to_owned());
                report.origins.push(Origin { object, namespace, commit, path });
            }
        }
        Ok(())
    }

    /// The entries of a snapshot that can be read and holds.
    pub(super) fn check_snapshot(
        &self,
        view: &View<'_>,
        place: Place,
        number: u64,
    ) -> Result<Vec<Entry>, ArchiveError> {
        let seal = seal_at(view, number)?;
        let manifest = manifest_of(view, &seal)?;
        if manifest.place != place {
            return Err(ArchiveError::broken("its manifest is of another subnet or block"));
        }
        // The manifest's digest was computed when it was put together.
        if !seal.is_signed_for(&manifest) {
            return Err(ArchiveError::broken("it is not signed by the collector that it names"));
        }
        Ok(manifest.entries)
    }
}

/// Whether an object's recipe can be read and none of its pieces is in a bad block.
fn avoids(view: &View<'_>, object: &Digest, bad: &HashSet<BlockPlace>) -> Result<(), ArchiveError> {
    let mut numbers = view.recipe(object)?.numbers;
    numbers.sort_unstable();
    numbers.dedup();
    for number in numbers {
        let place = view.locate(number)?;
        if bad.contains(&place) {
            return Err(BlockFault::Digest { pack: place.pack, offset: place.offset }.into());
        }
    }
    Ok(())
}
