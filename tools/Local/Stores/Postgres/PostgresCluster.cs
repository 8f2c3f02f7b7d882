using System.Diagnostics;
using Relaybox.Local.Processes;

namespace Relaybox.Local.Stores.Postgres;

/// <summary>
/// The files of a PostgreSQL server, in a temporary folder of their own. They outlive the server's process, so that it can
/// be started again on them. PostgreSQL refuses to run as root; as root, everything is done by the user postgres.
/// </summary>
public sealed class PostgresCluster : IDisposable
{
    /// <summary>The superuser.</summary>
    public const string User = "postgres";

    private const string Fix = "Install PostgreSQL 15 or newer (Debian: postgresql).";

    private PostgresCluster(string folder, string? password)
    {
        Folder = folder;
        Password = password;
    }

    /// <summary>The superuser's password; null where the server trusts everybody on loopback.</summary>
    public string? Password { get; }

    internal string Folder { get; }

    internal string Data => Path.Combine(Folder, "data");

    /// <summary>Makes an empty cluster.</summary>
    /// <param name="password">The superuser's password; null: everybody on loopback is trusted.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RunnerException">PostgreSQL is missing, or initdb failed.</exception>
    public static Task<PostgresCluster> CreateAsync(string? password, CancellationToken cancellationToken) => FillAsync(
        new PostgresCluster(Directory.CreateTempSubdirectory("relaybox-postgres-").FullName, password),
        async cluster =>
        {
            var passwordFile = Path.Combine(cluster.Folder, "password");
            await File.WriteAllTextAsync(passwordFile, password ?? "", cancellationToken);
            string[] authentication = password is null ? ["-A", "trust"] : ["-A", "scram-sha-256", $"--pwfile={passwordFile}"];
            await RunAsUserAsync(
                cluster,
                "initdb",
                ["-D", cluster.Data, "-U", User, "--no-sync", "--locale=C.UTF-8", "-E", "UTF8", .. authentication],
                cancellationToken);
            File.Delete(passwordFile);
        });

    /// <summary>Copies the files of a running server, for a hot standby that follows it. Everybody on loopback is trusted.</summary>
    /// <param name="port">The server's port.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RunnerException">PostgreSQL is missing, or pg_basebackup failed.</exception>
    internal static Task<PostgresCluster> CopyAsync(int port, CancellationToken cancellationToken) => FillAsync(
        new PostgresCluster(Directory.CreateTempSubdirectory("relaybox-postgres-").FullName, password: null),
        cluster => RunAsUserAsync(
            cluster,
            "pg_basebackup",
            ["-h", "127.0.0.1", "-p", $"{port}", "-U", User, "-D", cluster.Data, "--write-recovery-conf", "--checkpoint=fast", "--no-sync"],
            cancellationToken));

    /// <summary>Deletes the files; the server must have ended.</summary>
    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>How to start one of PostgreSQL's programs as a user that it accepts.</summary>
    internal static (string Program, string[] Arguments) Command(string name, string[] arguments) => AsItsUser(Find(name), arguments);

    /// <summary>How to start a program that refuses to run as root.</summary>
    internal static (string Program, string[] Arguments) AsItsUser(string program, string[] arguments) =>
        Environment.UserName == "root"
            ? (Executables.Require("setpriv", "PostgreSQL", "It comes with util-linux."),
                [$"--reuid={User}", $"--regid={User}", "--init-groups", "--", program, .. arguments])
            : (program, arguments);

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

    private static async Task<PostgresCluster> FillAsync(PostgresCluster cluster, Func<PostgresCluster, Task> fill)
    {
        try
        {
            await fill(cluster);
            return cluster;
        }
        catch
        {
            cluster.Dispose();
            throw;
        }
    }

    private static async Task RunAsUserAsync(PostgresCluster cluster, string name, string[] arguments, CancellationToken cancellationToken)
    {
        if (Environment.UserName == "root")
        {
            await RunAsync("chown", ["-R", $"{User}:", cluster.Folder], cancellationToken);
        }

        (var program, arguments) = Command(name, arguments);
        await RunAsync(program, arguments, cancellationToken);
    }

    private static async Task RunAsync(string program, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        })!;
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new RunnerException($"{program} failed:\n{await output}{await errors}");
        }
    }
}
