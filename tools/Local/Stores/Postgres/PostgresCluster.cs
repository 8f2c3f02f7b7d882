using Relaybox.Local.Processes;

namespace Relaybox.Local.Stores.Postgres;

/// <summary>The files of a PostgreSQL server.</summary>
public sealed class PostgresCluster : DatabaseFiles
{
    /// <summary>The superuser, and the user of the machine as whom the server runs where it may not run as root.</summary>
    public const string User = "postgres";

    private const string Fix = "Install PostgreSQL 15 or newer (Debian: postgresql).";

    private PostgresCluster(string? password)
        : base("postgres", User, password)
    {
    }

    /// <summary>Makes an empty cluster.</summary>
    /// <param name="password">The superuser's password; null: everybody on loopback is trusted.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RunnerException">PostgreSQL is missing, or initdb failed.</exception>
    public static Task<PostgresCluster> CreateAsync(string? password, CancellationToken cancellationToken) => FillAsync(
        new PostgresCluster(password),
        async cluster =>
        {
            var passwordFile = Path.Combine(cluster.Folder, "password");
            await File.WriteAllTextAsync(passwordFile, password ?? "", cancellationToken);
            string[] authentication = password is null ? ["-A", "trust"] : ["-A", "scram-sha-256", $"--pwfile={passwordFile}"];
            await cluster.RunAsUserAsync(
                Find("initdb"),
                ["-D", cluster.Data, "-U", User, "--no-sync", "--locale=C.UTF-8", "-E", "UTF8", .. authentication],
                cancellationToken);
            File.Delete(passwordFile);
        });

    /// <summary>Copies the files of a running server, for a hot standby that follows it. Everybody on loopback is trusted.</summary>
    /// <param name="port">The server's port.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RunnerException">PostgreSQL is missing, or pg_basebackup failed.</exception>
    internal static Task<PostgresCluster> CopyAsync(int port, CancellationToken cancellationToken) => FillAsync(
        new PostgresCluster(password: null),
        cluster => cluster.RunAsUserAsync(
            Find("pg_basebackup"),
            ["-h", "127.0.0.1", "-p", $"{port}", "-U", User, "-D", cluster.Data, "--write-recovery-conf", "--checkpoint=fast", "--no-sync"],
            cancellationToken));

    /// <summary>How to start one of PostgreSQL's programs as a user that it accepts.</summary>
    internal static (string Program, string[] Arguments) Command(string name, string[] arguments) => AsUser(User, Find(name), arguments);

    // Debian keeps the server's programs off the PATH, one folder per version.
    private static string Find(string name)
    {
        const string Versions = "/usr/lib/postgresql";
        var newest = Directory.Exists(Versions)
            ? Directory.GetDirectories(Versions)
                .OrderByDescending(folder => int.TryParse(Path.GetFileName(folder), out var version) ? version : 0)
                .Select(folder => Path.Combine(folder, "bin", name))
                .FirstOrDefault(File.Exists)
            : null;
        return newest ?? Executables.Require(name, "The PostgreSQL server", Fix);
    }
}
