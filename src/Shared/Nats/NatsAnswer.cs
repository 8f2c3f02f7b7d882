using NATS.Client.JetStream.Models;

namespace Relaybox.Nats;

/// <summary>What came back for a message that was sent.</summary>
/// <param name="Kind">What it means.</param>
/// <param name="Acknowledgement">The stream's answer, where there is one.</param>
/// <param name="Reason">The server's or the client's own words, without payload; empty where the kind says all.</param>
internal readonly record struct NatsAnswer(NatsAnswerKind Kind, PubAckResponse? Acknowledgement = null, string Reason = "");
