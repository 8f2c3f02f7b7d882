using Relaybox.Benchmarks.Peers;

await using var peer = new WolverinePeer(new PeerDatabase(args[0], args[2]), args[1]);
await PeerLoop.RunAsync(peer);
