namespace NATS.Client.JetStream;

public readonly record struct NatsJSSequencePair(ulong Stream, ulong Consumer);
