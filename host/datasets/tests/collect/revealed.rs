//! Commitments that were sealed and are open now, beside those that are kept.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use plimsoll_chain::{
    Chain, ChainCommitment, ChainError, CommitmentField, Head, Ledger, RevealedCommitment, Snapshot,
    StoredCommitment, SubnetSummary, WeightRow,
};
use plimsoll_core::{BlockNumber, Digest, Hotkey, Keypair, NetUid, Uid};
use plimsoll_datasets::archive::Archive;
use plimsoll_datasets::collect::{Listener, Silent, collect};

use crate::stage::{Stage, commit_of, flock, key, outcome, repo, rows};

/// The ledger, on which nothing can be sealed, with what another chain would have of that.
struct Opening {
    ledger: Ledger,
    sealed: Vec<(Hotkey, BlockNumber)>,
    revealed: Vec<RevealedCommitment>,
}

#[async_trait]
impl Chain for Opening {
    fn endpoint(&self) -> String {
        self.ledger.endpoint()
    }

    async fn head(&self) -> Result<Head, ChainError> {
        self.ledger.head().await
    }

    async fn block_hash(&self, block: BlockNumber) -> Result<Option<Digest>, ChainError> {
        self.ledger.block_hash(block).await
    }

    async fn subnets(&self) -> Result<Vec<SubnetSummary>, ChainError> {
        self.ledger.subnets().await
    }

    async fn snapshot(&self, netuid: NetUid) -> Result<Snapshot, ChainError> {
        self.ledger.snapshot(netuid).await
    }

    async fn snapshot_with_stored(
        &self,
        netuid: NetUid,
    ) -> Result<(Snapshot, Vec<(Hotkey, StoredCommitment)>), ChainError> {
        let (snapshot, mut stored) = self.ledger.snapshot_with_stored(netuid).await?;
        stored.extend(self.sealed.iter().map(|(hotkey, block)| {
            let fields = vec![CommitmentField::Timelocked { sealed: vec![1; 9], round: 77 }];
            (*hotkey, StoredCommitment { deposit_rao: 0, block: *block, fields })
        }));
        Ok((snapshot, stored))
    }

    async fn revealed(&self, at: &Snapshot) -> Result<Vec<RevealedCommitment>, ChainError> {
        assert_eq!(at.netuid, crate::stage::NETUID);
        Ok(self.revealed.clone())
    }

    async fn commitments(&self, netuid: NetUid) -> Result<Vec<ChainCommitment>, ChainError> {
        self.ledger.commitments(netuid).await
    }

    async fn weights(&self, netuid: NetUid) -> Result<Vec<WeightRow>, ChainError> {
        self.ledger.weights(netuid).await
    }

    async fn serve_axon(&self, key: &Keypair, netuid: NetUid, at: SocketAddr) -> Result<(), ChainError> {
        self.ledger.serve_axon(key, netuid, at).await
    }

    async fn commit(&self, key: &Keypair, netuid: NetUid, bytes: &[u8]) -> Result<(), ChainError> {
        self.ledger.commit(key, netuid, bytes).await
    }

    async fn set_weights(
        &self,
        key: &Keypair,
        netuid: NetUid,
        weights: &[(Uid, u16)],
    ) -> Result<(), ChainError> {
        self.ledger.set_weights(key, netuid, weights).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_is_kept_and_what_was_revealed_the_newest_dataset_counts() {
    let words = ["kept", "early", "late"];
    let stage = Stage::new(5, words.map(|word| repo(&format!("a/{word}"), word, rows(word, 2))));
    stage.ledger.advance(20);
    for uid in [0, 1] {
        stage.name(uid, "a/kept", &commit_of("kept")).await;
    }
    stage.ledger.advance(20);
    let revealed = |uid: u16, block: u64, word: &str| {
        let bytes = format!("a/{word}:1:{}", commit_of(word)).into_bytes();
        RevealedCommitment { hotkey: key(uid).hotkey(), block: BlockNumber(block), bytes }
    };
    let chain = Opening {
        ledger: stage.ledger.clone(),
        sealed: vec![(key(3).hotkey(), BlockNumber(35)), (key(4).hotkey(), BlockNumber(35))],
        revealed: vec![
            revealed(0, 5, "early"),
            revealed(0, 30, "late"),
            revealed(1, 5, "early"),
            revealed(2, 5, "early"),
            revealed(2, 9, "late"),
            revealed(3, 5, "early"),
        ],
    };
    let archive = Arc::new(Mutex::new(Archive::open(stage.data.path()).unwrap()));
    let silent: Arc<dyn Listener> = Arc::new(Silent);
    let summary =
        collect(&stage.options(), &chain, &stage.fetch(), &archive, &flock(), &silent).await.unwrap();
    drop(archive);
    let expected = [(0, "late", 30), (1, "kept", 22), (2, "late", 9), (3, "early", 5)];
    for (uid, word, block) in expected {
        let line = &summary.miners[usize::from(uid)];
        assert_eq!(line.namespace, Some(format!("a/{word}")), "uid {uid}");
        assert!(line.committed_block.unwrap().abs_diff(block) <= 1, "uid {uid}: {line:?}");
        assert_eq!(stage.restored(&summary, uid), rows(word, 2));
    }
    assert_eq!(outcome(&summary, 4), "encrypted", "nothing of it is open");
    assert_eq!((summary.downloaded, summary.skipped), (4, 1));
}
