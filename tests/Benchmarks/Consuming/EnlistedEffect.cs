using Npgsql;
using Relaybox.Benchmarks.Stores.Postgres;
using Relaybox.Inbox;
using Relaybox.Postgres;

namespace Relaybox.Benchmarks.Consuming;

/// <summary>A handler whose effect commits with the message's mark.</summary>
internal sealed class EnlistedEffect : IMessageHandler<string>
{
    public Task HandleAsync(string message, MessageContext context, CancellationToken cancellationToken)
    {
        context.Transaction.Enlist(new NpgsqlBatchCommand(EffectsTable.InsertSql) { Parameters = { EffectsTable.IdOf(context.EventId) } });
        return Task.CompletedTask;
    }
}
