using Relaybox.Sql;
using Relaybox.Timing;

namespace Relaybox.MySql;

/// <summary>Jobs in a table of MySQL or MariaDB. The server's clock decides.</summary>
/// <param name="connections">Where connections come from.</param>
/// <param name="options">The schema and its tables.</param>
/// <param name="time">The clock of the waits between tries.</param>
/// <param name="entropy">The source of tokens and jitter.</param>
internal sealed class MySqlJobStore(MySqlConnections connections, MySqlOptions options, TimeProvider time, IEntropy entropy)
    : SqlJobStore(connections, Acquire(options), Save(options), Delete(options), Find(options), List(options), time, entropy)
{
    // A job that is there stays as it is in the first statement; the second takes it if it is free. The third tells whose it is.
    private static string Acquire(MySqlOptions options) =>
        $"""
        INSERT INTO {Table(options)} (job, claim_token, lease_until) VALUES (@job, @token, {options.Now} + INTERVAL @lease MICROSECOND)
        ON DUPLICATE KEY UPDATE job = {Table(options)}.job;
        UPDATE {Table(options)} SET claim_token = @token, lease_until = {options.Now} + INTERVAL @lease MICROSECOND
        WHERE job = @job AND (lease_until <= {options.Now} OR claim_token = @token);
        SELECT cursor_text FROM {Table(options)} WHERE job = @job AND claim_token = @token
        """;

    private static string Save(MySqlOptions options) =>
        $"""
        UPDATE {Table(options)} SET cursor_text = @cursor, lease_until = {options.Now} + INTERVAL @lease MICROSECOND
        WHERE job = @job AND claim_token = @token
        """;

    private static string Delete(MySqlOptions options) => $"DELETE FROM {Table(options)} WHERE job = @job AND claim_token = @token";

    private static string Find(MySqlOptions options) => $"SELECT job, cursor_text FROM {Table(options)} WHERE job = @job";

    private static string List(MySqlOptions options) => $"SELECT job, cursor_text FROM {Table(options)} WHERE job LIKE CONCAT(@job, '%')";

    private static string Table(MySqlOptions options) => new MySqlNames(options).Jobs;
}
