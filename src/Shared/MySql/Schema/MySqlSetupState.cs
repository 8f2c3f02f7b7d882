using MySqlConnector;
using Relaybox.Settings;

namespace Relaybox.MySql;

/// <summary>Knows by the table of migrations whether Setup has ever run.</summary>
internal sealed class MySqlSetupState(MySqlConnections connections, MySqlOptions tables) : ISetupState
{
    private readonly string _look = $"SELECT 1 FROM {new MySqlNames(tables).Migrations} LIMIT 1";

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
            await using var command = new MySqlCommand(_look, connection);
            await command.ExecuteScalarAsync(cancellationToken);
            return false;
        }
        catch (Exception e) when (e is MySqlException or TimeoutException or OperationCanceledException)
        {
            // A user who may not look is told so only where there is something to look at.
            return LacksSomething(e);
        }
    }

    private static bool LacksSomething(Exception? failure) => failure switch
    {
        null => false,
        MySqlException lacking => lacking.ErrorCode
            is MySqlErrorCode.NoSuchTable or MySqlErrorCode.UnknownDatabase or MySqlErrorCode.StoredProcedureDoesNotExist,
        _ => LacksSomething(failure.InnerException),
    };
}
