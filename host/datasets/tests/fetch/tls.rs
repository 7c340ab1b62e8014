//! Encryption, with a certificate authority made for the test.

use std::sync::Arc;

use plimsoll_datasets::fetch::{FetchOptions, Refusal};
use plimsoll_hub::Way;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};

use super::support::{client, fetched, hub, one, options, refused};

/// A door with TLS before the hub; tells the authority's certificate and its own address.
async fn door(hub: String, name: &str) -> (String, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], private)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://127.0.0.1:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, hub) = (acceptor.clone(), hub.clone());
            tokio::spawn(async move {
                let Ok(mut inside) = acceptor.accept(stream).await else { return };
                let mut outside = TcpStream::connect(hub).await.unwrap();
                let _either_may_leave = tokio::io::copy_bidirectional(&mut inside, &mut outside).await;
            });
        }
    });
    (address, authority.pem())
}

#[tokio::test]
async fn only_a_trusted_certificate_of_the_right_name_opens() {
    let (hub, folder) = (hub(Way::Plain), tempfile::tempdir().unwrap());
    let behind = hub.address().strip_prefix("http://").unwrap().to_owned();
    let (address, authority) = door(behind.clone(), "127.0.0.1").await;
    let stranger = client(options(&address));
    assert_eq!(refused(one(&stranger, folder.path()).await), Refusal::Untrusted);
    let friend = FetchOptions { trusted_pem: authority.into_bytes(), ..options(&address) };
    assert_eq!(fetched(one(&client(friend), folder.path()).await).bytes, 36_000);
    let (address, authority) = door(behind, "other.example").await;
    let friend = FetchOptions { trusted_pem: authority.into_bytes(), ..options(&address) };
    let mut elsewhere = super::support::wanted(folder.path(), super::support::REPO, super::support::COMMIT);
    elsewhere.name = "second.jsonl".to_owned();
    assert_eq!(refused(client(friend).file(&elsewhere).await.unwrap()), Refusal::Untrusted);
}
