//! The signed bytes are read back by a second, independent reading of their description.

use proptest::prelude::*;

use super::*;

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let (head, tail) = self.0.split_at(N);
        self.0 = tail;
        head.try_into().unwrap()
    }

    fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.bytes())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.bytes())
    }

    fn run(&mut self) -> Vec<u8> {
        let len = usize::try_from(self.u64()).unwrap();
        let (head, tail) = self.0.split_at(len);
        self.0 = tail;
        head.to_vec()
    }

    fn call(&mut self) -> Call {
        let tag = self.bytes::<1>()[0];
        let netuid = if tag == 5 { NetUid(0) } else { NetUid(self.u16()) };
        match tag {
            0 => Call::Register { netuid, coldkey: Hotkey(self.bytes()) },
            1 => {
                let ip: IpAddr = match self.bytes::<1>()[0] {
                    4 => IpAddr::from(self.bytes::<4>()),
                    6 => IpAddr::from(self.bytes::<16>()),
                    other => panic!("ip version {other}"),
                };
                Call::ServeAxon { netuid, at: SocketAddr::new(ip, self.u16()) }
            }
            2 => Call::Commit { netuid, bytes: self.run() },
            3 => {
                let n = self.u64();
                let weights = (0..n).map(|_| (Uid(self.u16()), self.u16())).collect();
                Call::SetWeights { netuid, weights }
            }
            4 => Call::SetStake {
                netuid,
                hotkey: Hotkey(self.bytes()),
                stake_rao: StakeRao(self.u64()),
                validator_permit: self.bytes::<1>()[0] == 1,
            },
            5 => Call::Advance { blocks: u32::from_le_bytes(self.bytes()) },
            other => panic!("tag {other}"),
        }
    }
}

fn any_call() -> impl Strategy<Value = Call> {
    let netuid = || any::<u16>().prop_map(NetUid);
    let hotkey = || any::<[u8; 32]>().prop_map(Hotkey);
    let weight = (any::<u16>().prop_map(Uid), any::<u16>());
    prop_oneof![
        (netuid(), hotkey()).prop_map(|(netuid, coldkey)| Call::Register { netuid, coldkey }),
        (netuid(), any::<IpAddr>(), any::<u16>())
            .prop_map(|(netuid, ip, port)| Call::ServeAxon { netuid, at: SocketAddr::new(ip, port) }),
        (netuid(), proptest::collection::vec(any::<u8>(), 0..200))
            .prop_map(|(netuid, bytes)| Call::Commit { netuid, bytes }),
        (netuid(), proptest::collection::vec(weight, 0..20))
            .prop_map(|(netuid, weights)| Call::SetWeights { netuid, weights }),
        (netuid(), hotkey(), any::<u64>(), any::<bool>()).prop_map(|(netuid, hotkey, rao, permit)| {
            Call::SetStake { netuid, hotkey, stake_rao: StakeRao(rao), validator_permit: permit }
        }),
        any::<u32>().prop_map(|blocks| Call::Advance { blocks }),
    ]
}

proptest! {
    #[test]
    fn the_signed_bytes_read_back_to_the_same_call_and_envelope(
        call in any_call(), signer: [u8; 32], nonce: u64, genesis: [u8; 32],
    ) {
        let bytes = signed_bytes(&call, &Hotkey(signer), nonce, &Digest(genesis));
        let mut reader = Reader(&bytes);
        prop_assert_eq!(reader.run(), DOMAIN);
        prop_assert_eq!(reader.bytes::<32>(), genesis);
        prop_assert_eq!(reader.bytes::<32>(), signer);
        prop_assert_eq!(reader.u64(), nonce);
        let inner = reader.run();
        prop_assert!(reader.0.is_empty());
        let mut reader = Reader(&inner);
        prop_assert_eq!(reader.call(), call);
        prop_assert!(reader.0.is_empty());
    }

    #[test]
    fn an_extrinsic_survives_its_json(call in any_call(), seed: [u8; 32], nonce: u64) {
        let extrinsic = Extrinsic::sign(&Keypair::from_seed(&seed), nonce, Digest([9; 32]), call);
        let json = serde_json::to_string(&extrinsic).unwrap();
        let back: Extrinsic = serde_json::from_str(&json).unwrap();
        prop_assert!(back.is_genuine());
        prop_assert_eq!(back, extrinsic);
    }
}

#[test]
fn the_signed_bytes_are_those_of_the_description() {
    let call = Call::SetWeights { netuid: NetUid(3), weights: vec![(Uid(0), 30000), (Uid(1), 65535)] };
    let bytes = signed_bytes(&call, &Hotkey([0xaa; 32]), 7, &Digest([0xbb; 32]));
    let expected = [
        "1c00000000000000",
        "706c696d736f6c6c206c65646765722065787472696e736963207631",
        &"bb".repeat(32),
        &"aa".repeat(32),
        "0700000000000000",
        "1300000000000000",
        "030300",
        "0200000000000000",
        "000030750100ffff",
    ];
    assert_eq!(hex::encode(bytes), expected.concat());
}

#[test]
fn a_change_anywhere_breaks_the_signature() {
    let key = Keypair::from_seed(&[1; 32]);
    let call = Call::Commit { netuid: NetUid(3), bytes: b"root".to_vec() };
    let good = Extrinsic::sign(&key, 4, Digest([2; 32]), call);
    assert!(good.is_genuine());
    let changes: [fn(&mut Extrinsic); 5] = [
        |e| e.nonce += 1,
        |e| e.genesis.0[0] ^= 1,
        |e| e.signer = Keypair::from_seed(&[2; 32]).hotkey(),
        |e| e.signature.0[10] ^= 1,
        |e| e.call = Call::Commit { netuid: NetUid(3), bytes: b"roos".to_vec() },
    ];
    for (which, change) in changes.into_iter().enumerate() {
        let mut bad = good.clone();
        change(&mut bad);
        assert!(!bad.is_genuine(), "change {which}");
    }
}

#[test]
fn an_extrinsic_with_a_field_too_many_is_no_extrinsic() {
    let key = Keypair::from_seed(&[1; 32]);
    let good = Extrinsic::sign(&key, 0, Digest([2; 32]), Call::Advance { blocks: 1 });
    let mut json = serde_json::to_value(&good).unwrap();
    assert!(serde_json::from_value::<Extrinsic>(json.clone()).is_ok());
    json["tip"] = 1.into();
    assert!(serde_json::from_value::<Extrinsic>(json).is_err());
}
