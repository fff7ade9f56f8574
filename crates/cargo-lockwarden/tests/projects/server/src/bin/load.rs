//! A load for the server: `load FILE REQUESTS`, from 16 connections that stay open. One request in four buys.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const CONNECTIONS: u64 = 16;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().expect("the file with the address");
    let requests: u64 = arguments.next().and_then(|text| text.parse().ok()).expect("a number");
    let deadline = Instant::now() + Duration::from_secs(60);
    let address = loop {
        match std::fs::read_to_string(&file) {
            Ok(address) => break address,
            Err(error) if Instant::now() > deadline => panic!("{file}: {error}"),
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    let start = Instant::now();
    std::thread::scope(|scope| {
        for connection in 0..CONNECTIONS {
            let address = &address;
            scope.spawn(move || {
                let mut stream = BufReader::new(TcpStream::connect(address).unwrap());
                for number in 0..requests / CONNECTIONS {
                    let id = (connection * 7 + number) % 64;
                    let what = if number % 4 == 0 { "buy" } else { "stock" };
                    get(&mut stream, &format!("/{what}/{id}"));
                }
            });
        }
    });
    let seconds = start.elapsed().as_secs_f64();
    get(&mut BufReader::new(TcpStream::connect(&address).unwrap()), "/stop");
    println!("{:.0} requests a second", requests as f64 / seconds);
}

fn get(stream: &mut BufReader<TcpStream>, path: &str) {
    // In one write: the system would hold back the second of two until the first is acknowledged.
    let request = format!("GET {path} HTTP/1.1\r\nhost: local\r\n\r\n");
    stream.get_mut().write_all(request.as_bytes()).unwrap();
    let (mut line, mut length) = (String::new(), 0);
    stream.read_line(&mut line).unwrap();
    assert!(line.starts_with("HTTP/1.1 200"), "{path}: {line}");
    while line != "\r\n" {
        line.clear();
        stream.read_line(&mut line).unwrap();
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
}
