namespace Relaybox.Local.Running;

/// <summary>
/// Whether a pid that was written down still is the process that was meant: pids are used again.
/// </summary>
internal static class ProcessIdentity
{
    public static bool IsRunner(int pid) => Contains(pid, "cmdline", "relaybox-local");

    public static bool IsEmulator(string name, int pid) => Contains(pid, "cmdline", name switch
    {
        "dynamodb" => "DynamoDBLocal.jar",
        "postgres" => "relaybox-postgres-",
        "nats" => "relaybox-nats-",
        _ => "sqs.mjs",
    });

    public static bool IsWorker(int pid) => Contains(pid, "environ", "AWS_LAMBDA_RUNTIME_API=127.0.0.1:");

    private static bool Contains(int pid, string file, string text)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/{file}").Contains(text, StringComparison.Ordinal);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
