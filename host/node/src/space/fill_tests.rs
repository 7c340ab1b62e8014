use plimsoll_core::{Hotkey, NetUid, Pass, PlotSpace, RegionSpace, Span};

use super::*;
use crate::space::Silent;

/// Fills nothing and panics at its second span.
struct Clumsy(std::sync::atomic::AtomicU32);

impl Conductor for Clumsy {
    fn tag(&self) -> SchemeTag {
        SchemeTag { name: "clumsy".into(), plugin: Digest([0; 32]), params: Digest([0; 32]) }
    }

    fn hand(&self) -> Result<Box<dyn Hand + '_>, NodeError> {
        Ok(Box::new(Thumbs(self)))
    }
}

struct Thumbs<'a>(&'a Clumsy);

impl Hand for Thumbs<'_> {
    fn plan(&mut self, _: &Identity, capacity_bytes: u64) -> Result<Layout, NodeError> {
        let units = capacity_bytes >> 16;
        let passes = vec![Pass { name: "fill".into(), units, order: Order::Independent }];
        Ok(Layout { unit_bytes: 1 << 16, units, region_bytes: units << 16, memory_bytes: 0, passes })
    }

    fn fill(&mut self, plot: Arc<dyn PlotSpace>, _: &Identity, _: u32, units: Span) -> Result<(), NodeError> {
        let before = self.0.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        assert!(before != 1, "all thumbs");
        for unit in units.first..units.end() {
            plot.put(unit << 16, 1 << 16, &mut |bytes| bytes.fill(7)).unwrap();
        }
        Ok(())
    }

    fn commit(
        &mut self,
        _: Arc<dyn RegionSpace>,
        _: &Identity,
        _: &Layout,
    ) -> Result<Option<Digest>, NodeError> {
        Ok(None)
    }
}

#[test]
fn a_worker_that_panics_ends_the_run_with_an_error_and_the_others_do_not_wait_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let identity = Identity { netuid: NetUid(1), owner: Hotkey([1; 32]), validator: Hotkey([2; 32]) };
    let job = GenerateJob { path: folder.path().join("a.plot"), identity, capacity_bytes: 32 << 20 };
    let options = GenerateOptions { workers: Some(3), ..GenerateOptions::default() };
    let jobs = [job];
    let clumsy = Clumsy(0.into());
    let why = conduct(&clumsy, &jobs, &options, &Silent).unwrap_err().to_string();
    assert_eq!(why, "the system would not go on filling: a worker panicked: all thumbs");
    // What the others had finished is kept, and the next run goes on from there.
    let done = conduct(&Clumsy(9.into()), &jobs, &options, &Silent).unwrap();
    assert!(done[0].resumed_bytes > 0);
}
