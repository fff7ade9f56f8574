//! An HTTP server whose requests take locks of std, of `parking_lot` and of `dashmap`. `.ci/reach --long` puts
//! a load on it; it needs the registry. The first argument is a file for its address; it ends at `/stop`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use dashmap::DashMap;
use parking_lot::RwLock;
use tokio::net::TcpListener;
use tokio::sync::Notify;

#[derive(Default)]
struct Shop {
    stock: RwLock<BTreeMap<u64, u64>>,
    sold: Mutex<BTreeMap<u64, u64>>,
    sessions: DashMap<u64, u64>,
    stop: Notify,
}

#[tokio::main(worker_threads = 4)]
async fn main() {
    let file = std::env::args_os().nth(1).expect("a file for the address");
    let shop = Arc::new(Shop::default());
    shop.stock.write().extend((0..64).map(|id| (id, 1_000_000)));
    let routes = Router::new()
        .route("/stock/{id}", get(stock))
        .route("/buy/{id}", get(buy))
        .route("/stop", get(stop))
        .with_state(Arc::clone(&shop));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    // Never half of it.
    let part = std::path::PathBuf::from(&file).with_extension("part");
    std::fs::write(&part, address).unwrap();
    std::fs::rename(part, file).unwrap();
    let ended = Arc::clone(&shop);
    axum::serve(listener, routes)
        .with_graceful_shutdown(async move { ended.stop.notified().await })
        .await
        .unwrap();
    println!("{} sold", shop.sold.lock().unwrap().values().sum::<u64>());
}

async fn stock(State(shop): State<Arc<Shop>>, Path(id): Path<u64>) -> String {
    *shop.sessions.entry(id).or_default() += 1;
    let stock = shop.stock.read();
    stock.get(&id).copied().unwrap_or_default().to_string()
}

async fn buy(State(shop): State<Arc<Shop>>, Path(id): Path<u64>) -> String {
    let mut stock = shop.stock.write();
    let mut sold = shop.sold.lock().unwrap();
    let left = stock.entry(id).or_insert(1);
    *left -= 1;
    *sold.entry(id).or_default() += 1;
    left.to_string()
}

async fn stop(State(shop): State<Arc<Shop>>) -> &'static str {
    shop.stop.notify_one();
    "stopping"
}
