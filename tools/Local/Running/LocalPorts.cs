using Relaybox.Local.Servers;

namespace Relaybox.Local.Running;

/// <summary>Where everything of a run listens, on loopback.</summary>
internal sealed record LocalPorts(int DynamoDb, int Sqs, int Runtime, int Postgres, int Nats)
{
    private const int Count = 5;

    /// <param name="portBase">The first of five in a row; 0: free ones.</param>
    public static LocalPorts From(int portBase) =>
        (portBase == 0 ? NetworkPorts.Free(Count) : [.. Enumerable.Range(portBase, Count)]) is [var a, var b, var c, var d, var e]
            ? new LocalPorts(a, b, c, d, e)
            : throw new InvalidOperationException();

    /// <exception cref="RunnerException">Somebody listens on a port that the run needs.</exception>
    public void RequireFree(StackChoice choice)
    {
        NetworkPorts.RequireFree(Sqs, "SQS");
        NetworkPorts.RequireFree(Runtime, "Runtime API");
        if (choice.IsPostgres)
        {
            NetworkPorts.RequireFree(Postgres, "PostgreSQL");
        }
        else
        {
            NetworkPorts.RequireFree(DynamoDb, "DynamoDB");
        }

        if (choice.IsNats)
        {
            NetworkPorts.RequireFree(Nats, "NATS");
        }
    }
}
