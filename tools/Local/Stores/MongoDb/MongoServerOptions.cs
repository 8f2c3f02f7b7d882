namespace Relaybox.Local.Stores.MongoDb;

/// <summary>How a MongoDB server is started.</summary>
public sealed record MongoServerOptions
{
    /// <summary>The name of its replica set of one; null: a standalone server, which has no transactions. Default: rs0.</summary>
    public string? ReplicaSet { get; init; } = "rs0";

    /// <summary>Whether clients have to authenticate. The first user can be made on loopback without. Default: they need not.</summary>
    public bool Authentication { get; init; }

    /// <summary>A PEM file with a certificate and its key: the server then speaks TLS alone. Default: none.</summary>
    public string? CertificateKeyFile { get; init; }

    /// <summary>Values of <c>--setParameter</c>, such as <c>transactionLifetimeLimitSeconds=5</c>.</summary>
    public IReadOnlyList<string> Parameters { get; init; } = [];

    /// <summary>Arguments that only the double gets, such as <c>--oplogMaxEvents</c> and its value.</summary>
    public IReadOnlyList<string> DoubleArguments { get; init; } = [];

    internal string ConnectionString(int port)
    {
        List<string> settings = [ReplicaSet is null ? "directConnection=true" : $"replicaSet={ReplicaSet}"];
        if (CertificateKeyFile is not null)
        {
            settings.Add("tls=true");
        }

        return $"mongodb://127.0.0.1:{port}/?{string.Join('&', settings)}";
    }
}
