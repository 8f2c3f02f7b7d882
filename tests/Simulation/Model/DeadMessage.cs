using Relaybox.Events;

namespace Relaybox.Simulation.Model;

/// <summary>A message in the stream of dead letters.</summary>
internal sealed record DeadMessage(long Sequence, OutboxEvent Event, string ErrorCode, DateTimeOffset DeadAt);
