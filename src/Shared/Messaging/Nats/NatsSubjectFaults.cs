using NATS.Client.Core;
using NATS.Client.JetStream;

namespace Relaybox.Messaging.Nats;

/// <summary>
/// Tells a subject that the servers do not take from servers that take none. The first is the row's own matter: it is tried
/// again, and parked in the end, as any other that fails. The second is an outage, and uses up no attempt.
/// </summary>
/// <param name="context">The connection that the messages went over.</param>
/// <param name="options">Where they were sent.</param>
/// <param name="hasAcknowledged">Whether a message was acknowledged over this connection, and so with the rights that it has.</param>
internal sealed class NatsSubjectFaults(NatsJSContext context, NatsPublisherOptions options, bool hasAcknowledged)
{
    private readonly Dictionary<string, bool> _own = new(StringComparer.Ordinal);
    private bool? _hasStream;

    /// <summary>
    /// Whether an answer is about the subject that the message went to, and not about the message or the way to it. No answer can
    /// be one, too: the official client tells nobody that a subject was refused.
    /// </summary>
    internal static bool Concerns(Exception exception) =>
        exception is NatsNoRespondersException or NatsServerException { IsAuthError: false } or NatsJSPublishNoResponseException;

    /// <summary>What became of a message that got such an answer.</summary>
    internal async ValueTask<PublishOutcome> OutcomeAsync(Exception exception, string subject, CancellationToken cancellationToken)
    {
        var detail = NatsFault.NotAcknowledged(exception, subject).Detail!;
        var isOwn = exception is NatsNoRespondersException ? await LacksAStreamAsync(subject, cancellationToken) : hasAcknowledged;
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

    private async ValueTask<bool> IsTakenAsync(string subject, CancellationToken cancellationToken)
    {
        await foreach (var _ in context.ListStreamNamesAsync(subject, cancellationToken))
        {
            return true;
        }

        return false;
    }
}
