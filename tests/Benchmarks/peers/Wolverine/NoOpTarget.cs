using Microsoft.Extensions.Logging.Abstractions;
using Wolverine.Runtime;
using Wolverine.Transports;
using Wolverine.Transports.Sending;

namespace Relaybox.Benchmarks.Peers;

/// <summary>
/// What is sent to: it acknowledges batches at once, and counts. It sends in batches, as Wolverine's transports for brokers with
/// batches do.
/// </summary>
internal sealed class NoOpTarget(Countdown sent) : NoOpEndpoint("target")
{
    protected override ISender CreateSender(IWolverineRuntime runtime) =>
        new BatchedSender(this, new Protocol(sent), runtime.Cancellation, NullLogger.Instance);

    private sealed class Protocol(Countdown sent) : ISenderProtocol
    {
        public async Task SendBatchAsync(ISenderCallback callback, OutgoingMessageBatch batch)
        {
            await callback.MarkSuccessfulAsync(batch);
            sent.Take(batch.Messages.Count);
        }
    }
}
