using NATS.Client.Core;
using Relaybox.Messaging;

namespace Relaybox.Nats;

/// <summary>
/// Tells a subject that the servers do not take from servers that take none. The first is the row's own matter: it is tried
/// again, and parked in the end, as any other that fails. The second is an outage, and uses up no attempt.
/// </summary>
/// <param name="session">The connection that the messages went over.</param>
/// <param name="options">Where they were sent.</param>
/// <param name="hasAcknowledged">Whether a message was acknowledged over this connection, and so with the rights that it has.</param>
internal sealed class NatsSubjectFaults(NatsSession session, NatsPublisherOptions options, bool hasAcknowledged)
{
    private readonly Dictionary<string, bool> _own = new(StringComparer.Ordinal);
    private bool? _hasStream;

    /// <summary>
    /// Whether an answer leaves open if it is about the subject that the message went to, or about the servers. Silence does, too: a
    /// subject that somebody other than a stream subscribes to gets no acknowledgement.
    /// </summary>
    internal static bool Concerns(NatsAnswer answer) => answer.Kind is NatsAnswerKind.NoResponders or NatsAnswerKind.Silent;

    /// <summary>What became of a message that got such an answer.</summary>
    internal async ValueTask<PublishOutcome> OutcomeAsync(NatsAnswer answer, string subject, CancellationToken cancellationToken)
    {
        var detail = NatsFault.Outcome(answer, subject).Detail!;
        var isOwn = answer.Kind == NatsAnswerKind.NoResponders ? await LacksAStreamAsync(subject, cancellationToken) : hasAcknowledged;
        return isOwn ? PublishOutcome.Unknown(detail) : PublishOutcome.Unavailable(detail);
    }

    // A stream that takes the subject and does not answer has lost its leader. With no stream at all the setup is missing.
    private async ValueTask<bool> LacksAStreamAsync(string subject, CancellationToken cancellationToken)
    {
        if (_own.TryGetValue(subject, out var known))
        {
            return known;
        }

        try
        {
            _hasStream ??= await IsTakenAsync(options.SubjectOf(">"), cancellationToken);
            return _own[subject] = _hasStream.Value && !await IsTakenAsync(subject, cancellationToken);
        }
        catch (Exception e) when (e is NatsException or OperationCanceledException)
        {
            // Nobody knows, or the account may not ask.
            _hasStream = false;
            return _own[subject] = false;
        }
    }

    private Task<bool> IsTakenAsync(string subject, CancellationToken cancellationToken) => session.RunAsync(
        async ct => await session.JetStream.ListStreamNamesAsync(subject, ct).AnyAsync(ct), cancellationToken);
}
