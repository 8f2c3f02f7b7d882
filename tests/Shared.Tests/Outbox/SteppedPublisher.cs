using System.Threading.Channels;
using Relaybox.Events;
using Relaybox.Messaging;

namespace Relaybox.Shared.Tests.Outbox;

/// <summary>A broker that answers when the test says so: each call waits for its answer.</summary>
internal sealed class SteppedPublisher : IMessagePublisher
{
    private readonly Channel<Call> _calls = Channel.CreateUnbounded<Call>();

    /// <summary>The next call, as soon as there is one. Fails where none comes, so that the test does.</summary>
    internal Task<Call> NextAsync(CancellationToken cancellationToken) =>
        _calls.Reader.ReadAsync(cancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, cancellationToken);

    internal bool HasCall => _calls.Reader.TryPeek(out _);

    public Task<IReadOnlyList<PublishOutcome>> PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
    {
        var call = new Call([.. events.Select(e => e.EventId)], cancellationToken);
        _calls.Writer.TryWrite(call);
        return call.Answer.Task;
    }

    internal sealed record Call(IReadOnlyList<string> EventIds, CancellationToken CancellationToken)
    {
        internal TaskCompletionSource<IReadOnlyList<PublishOutcome>> Answer { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal void Accept() => AnswerAll(PublishOutcome.Accepted);

        internal void AnswerAll(PublishOutcome outcome) => Answer.SetResult([.. EventIds.Select(_ => outcome)]);
    }
}
