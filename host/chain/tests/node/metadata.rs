//! The metadata of runtime 365, from the package `bittensor-rs` 0.1.1 (MIT, see the licence beside the file).

use sha2::{Digest as _, Sha256};
use subxt::ext::codec::{Decode as _, Encode as _};
use subxt::ext::frame_metadata::{RuntimeMetadata, RuntimeMetadataPrefixed};

const COMPRESSED: &[u8] = include_bytes!("../metadata/finney-365.scale.zlib");
const SHA256: &str = "4fcee8d89551a48e96b6b04a4484b445621f8983c170885f670d5130a1182f9f";

/// The metadata as the chain gave it, version 16.
pub(crate) fn finney() -> Vec<u8> {
    let bytes = miniz_oxide::inflate::decompress_to_vec_zlib(COMPRESSED).unwrap();
    assert_eq!(hex::encode(Sha256::digest(&bytes)), SHA256);
    bytes
}

/// The same without runtime calls.
pub(crate) fn without_apis() -> Vec<u8> {
    changed(|metadata| metadata.apis.clear())
}

/// The same with the commitments pallet at another index, as an upgrade may bring it.
pub(crate) fn with_commitments_at(index: u8) -> Vec<u8> {
    changed(|metadata| {
        let pallets = metadata.pallets.iter_mut();
        pallets.filter(|pallet| pallet.name == "Commitments").for_each(|pallet| pallet.index = index);
    })
}

/// The same with what an old runtime has: no runtime calls, another index for commitments, no hidden weights.
pub(crate) fn older() -> Vec<u8> {
    changed(|metadata| {
        metadata.apis.clear();
        for pallet in &mut metadata.pallets {
            match pallet.name.as_str() {
                "Commitments" => pallet.index = 17,
                "SubtensorModule" => {
                    let entries = &mut pallet.storage.as_mut().unwrap().entries;
                    entries.retain(|entry| {
                        !["CommitRevealWeightsEnabled", "RevealPeriodEpochs"].contains(&entry.name.as_str())
                    });
                }
                _ => {}
            }
        }
    })
}

/// The same without the call that takes sealed weights: it has another name.
pub(crate) fn without_timelock() -> Vec<u8> {
    let mut bytes = finney();
    rename_sealing(&mut bytes);
    bytes
}

fn rename_sealing(bytes: &mut [u8]) {
    const CALL: &[u8] = b"commit_timelocked_weights";
    let places: Vec<_> = (0..bytes.len()).filter(|&place| bytes[place..].starts_with(CALL)).collect();
    assert!(!places.is_empty());
    places.into_iter().for_each(|place| bytes[place] = b'x');
}

/// The same without the call that takes sealed weights, and with epochs counted as newer runtimes do.
pub(crate) fn counting_epochs() -> Vec<u8> {
    let mut bytes = changed(|metadata| {
        let pallet = metadata.pallets.iter_mut().find(|pallet| pallet.name == "SubtensorModule").unwrap();
        let entries = &mut pallet.storage.as_mut().unwrap().entries;
        let number = entries.iter().find(|entry| entry.name == "ServingRateLimit").unwrap().clone();
        for name in ["SubnetEpochIndex", "LastEpochBlock", "PendingEpochAt"] {
            let mut entry = number.clone();
            (entry.name, entry.default) = (name.into(), vec![0; 8]);
            entries.push(entry);
        }
    });
    rename_sealing(&mut bytes);
    bytes
}

fn changed(change: impl FnOnce(&mut subxt::ext::frame_metadata::v16::RuntimeMetadataV16)) -> Vec<u8> {
    let RuntimeMetadataPrefixed(magic, metadata) =
        RuntimeMetadataPrefixed::decode(&mut finney().as_slice()).unwrap();
    let RuntimeMetadata::V16(mut metadata) = metadata else { panic!("the metadata is of version 16") };
    change(&mut metadata);
    RuntimeMetadataPrefixed(magic, RuntimeMetadata::V16(metadata)).encode()
}
