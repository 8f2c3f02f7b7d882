using System.Globalization;

namespace Relaybox.MongoDouble;

/// <summary>The command line: the names of mongod's options where they mean the same.</summary>
internal sealed record ServerOptions
{
    public const string Usage =
        """
        relaybox-mongo-double: a development double of MongoDB, and no database.
          --port N                        where it listens (default 27017)
          --bind_ip ADDRESS               default 127.0.0.1
          --dbpath FOLDER                 where its journal is; default: none, all is lost at the end
          --replSet NAME                  a replica set of one, after replSetInitiate; default: a standalone server
          --auth                          clients have to authenticate
          --tlsMode requireTLS --tlsCertificateKeyFile PEM
          --setParameter NAME=VALUE       transactionLifetimeLimitSeconds, enableTestCommands, ttlMonitorSleepSecs
          --oplogSize MB                  how many bytes of documents a change stream can go back (default 512)
          --oplogMaxEvents N              how many changes a change stream can go back (default 100000)
        """;

    public int Port { get; private set; } = 27017;

    public string BindAddress { get; private set; } = "127.0.0.1";

    public string? Folder { get; private set; }

    public string? ReplicaSet { get; private set; }

    public bool RequiresAuthentication { get; private set; }

    public string? CertificateKeyFile { get; private set; }

    public int OplogMaxEvents { get; private set; } = 100_000;

    public int OplogMegabytes { get; private set; } = 512;

    public TimeSpan TransactionLifetime { get; private set; } = TimeSpan.FromSeconds(60);

    public TimeSpan TtlInterval { get; private set; } = TimeSpan.FromSeconds(1);

    public bool TestCommands { get; private set; }

    public IReadOnlyList<string> Arguments { get; private set; } = [];

    /// <exception cref="ArgumentException">An option is unknown, or lacks its value.</exception>
    public static ServerOptions Parse(string[] arguments)
    {
        var options = new ServerOptions { Arguments = arguments };
        var tls = false;
        for (var i = 0; i < arguments.Length; i++)
        {
            var (name, inline) = arguments[i].Split('=', 2) is [var left, var right] ? (left, right) : (arguments[i], null);
            string Value() => inline ?? (++i < arguments.Length ? arguments[i] : throw new ArgumentException($"{name} needs a value."));
            switch (name)
            {
                case "--port":
                    options.Port = Number(Value());
                    break;
                case "--bind_ip":
                    options.BindAddress = Value();
                    break;
                case "--dbpath":
                    options.Folder = Value();
                    break;
                case "--replSet":
                    options.ReplicaSet = Value();
                    break;
                case "--auth":
                    options.RequiresAuthentication = true;
                    break;
                case "--tlsMode":
                    tls = Value() switch
                    {
                        "requireTLS" => true,
                        "disabled" => false,
                        var mode => throw new ArgumentException($"--tlsMode {mode} is not supported: requireTLS or disabled."),
                    };
                    break;
                case "--tlsCertificateKeyFile":
                    options.CertificateKeyFile = Value();
                    break;
                case "--oplogMaxEvents":
                    options.OplogMaxEvents = Number(Value());
                    break;
                case "--oplogSize":
                    options.OplogMegabytes = Number(Value());
                    break;
                case "--setParameter":
                    options.SetParameter(Value());
                    break;
                default:
                    throw new ArgumentException($"The option {name} is unknown.\n{Usage}");
            }
        }

        if (tls != options.CertificateKeyFile is not null)
        {
            throw new ArgumentException("--tlsMode requireTLS and --tlsCertificateKeyFile go together.");
        }

        return options;
    }

    private static int Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new ArgumentException($"'{text}' is no number.");

    private void SetParameter(string assignment)
    {
        var (name, value) = assignment.Split('=', 2) is [var left, var right] ? (left, right) : throw new ArgumentException(assignment);
        switch (name)
        {
            case "transactionLifetimeLimitSeconds":
                TransactionLifetime = TimeSpan.FromSeconds(Number(value));
                break;
            case "ttlMonitorSleepSecs":
                TtlInterval = TimeSpan.FromSeconds(Number(value));
                break;
            case "enableTestCommands":
                TestCommands = value is "1" or "true";
                break;
            default:
                throw new ArgumentException($"The parameter {name} is unknown.");
        }
    }
}
