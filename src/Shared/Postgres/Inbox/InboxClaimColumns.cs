using Npgsql;
using NpgsqlTypes;
using Relaybox.Inbox;

namespace Relaybox.Postgres;

/// <summary>The messages of a batch that have no answer, as the columns of a statement.</summary>
internal static class InboxClaimColumns
{
    /// <summary>Adds the keys.</summary>
    internal static void AddOpenKeys(this NpgsqlParameterCollection parameters, InboxClaimBatch batch)
    {
        var open = batch.Open();
        parameters.Add(Parameters.Texts([.. open.Select(message => message.Key.EventId)]));
        parameters.Add(Parameters.Texts([.. open.Select(message => message.Key.ReplayId)]));
    }

    /// <summary>Adds the messages.</summary>
    internal static void AddOpen(this NpgsqlParameterCollection parameters, InboxClaimBatch batch)
    {
        var open = batch.Open();
        Add(NpgsqlDbType.Text, of => of.Message.Event.EventId);
        Add(NpgsqlDbType.Text, of => of.Message.Event.ReplayId);
        Add(NpgsqlDbType.Text, of => of.Message.Event.Subject);
        Add(NpgsqlDbType.Bytea, of => of.Message.PayloadHash.ToArray());
        Add(NpgsqlDbType.Text, of => of.Token);
        Add(NpgsqlDbType.Text, of => of.Message.Stream);
        Add(NpgsqlDbType.Bigint, of => of.Message.StreamSequence);

        void Add<T>(NpgsqlDbType type, Func<(InboxKey Key, InboxMessage Message, string Token), T> column) => parameters.Add(
            new() { Value = open.ConvertAll(of => column(of)).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | type });
    }
}
