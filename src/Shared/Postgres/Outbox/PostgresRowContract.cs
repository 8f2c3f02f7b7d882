using Relaybox.Events;

namespace Relaybox.Postgres;

/// <summary>The row contract, and what this store asks for beyond it.</summary>
internal static class PostgresRowContract
{
    /// <summary>Checks an event that is to be written.</summary>
    /// <exception cref="RowContractException">It breaks the contract, or its payload holds what the database cannot.</exception>
    internal static void Require(OutboxEvent outboxEvent)
    {
        RowContract.Require(outboxEvent);
        if (outboxEvent.Payload.Contains('\0', StringComparison.Ordinal))
        {
            throw new RowContractException(new(
                ErrorCodes.PayloadInvalid,
                "The payload holds the character NUL (U+0000), which PostgreSQL cannot store; "
                + "escape it, or send base64 with a content-type header."));
        }
    }
}
