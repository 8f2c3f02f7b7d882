using Npgsql;
using Relaybox.Settings;

namespace Relaybox.Postgres;

/// <summary>Knows by the table of migrations whether Setup has ever run.</summary>
internal sealed class PostgresSetupState(PostgresConnections connections, PostgresOptions tables) : ISetupState
{
    private readonly string _migrations = new PostgresNames(tables).Migrations;

    /// <inheritdoc />
    public async Task<bool> IsMissingAsync(Exception failure, CancellationToken cancellationToken)
    {
        if (!LacksSomething(failure))
        {
            return false;
        }

        try
        {
            await using var connection = await connections.OpenConnectionAsync(cancellationToken);
            await using var command = new NpgsqlCommand("SELECT to_regclass($1) IS NULL", connection)
            {
                Parameters =
                {
                    new() { Value = _migrations },
                },
            };
            return await command.ExecuteScalarAsync(cancellationToken) is true;
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or OperationCanceledException)
        {
            // Such as a schema that is there and may not be used: the first failure says enough.
            return false;
        }
    }

    private static bool LacksSomething(Exception? failure) => failure switch
    {
        null => false,
        PostgresException lacking => lacking.SqlState
            is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName or PostgresErrorCodes.UndefinedFunction,
        _ => LacksSomething(failure.InnerException),
    };
}
