using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests.Examples;

/// <summary>The programs of examples/, with what each needs on the machine.</summary>
internal static class ExamplePrograms
{
    public const string Sql = "sql";
    public const string NodePostgres = "node-postgres";
    public const string PythonPostgres = "python-postgres";
    public const string NodeDynamoDb = "node-dynamodb";
    public const string PythonDynamoDb = "python-dynamodb";
    public const string HttpDynamoDb = "http-dynamodb";
    public const string SqlMySql = "sql-mysql";
    public const string NodeMySql = "node-mysql";
    public const string PythonMySql = "python-mysql";
    public const string NodeRedis = "node-redis";
    public const string PythonRedis = "python-redis";
    public const string NodeMongoDb = "node-mongodb";
    public const string PythonMongoDb = "python-mongodb";
    public const string CSharp = "csharp";

    private static readonly SemaphoreSlim Installing = new(1, 1);

    /// <summary>
    /// Finds a program and installs its packages. Python's cannot be installed everywhere: where they are missing, the form
    /// of the example that needs none runs instead, and the test's result carries a warning.
    /// </summary>
    public static async Task<ExampleProgram> GetAsync(string name, CancellationToken cancellationToken)
    {
        switch (name)
        {
            case Sql:
                return Psql("place-order.sql");
            case SqlMySql:
                return MySql("place-order.mysql.sql");
            case NodePostgres or NodeDynamoDb or NodeMySql or NodeRedis or NodeMongoDb:
                return await NodeAsync(name, "place-order.mjs", cancellationToken);
            case PythonPostgres:
                return await PythonAsync(name, "psycopg", Sql, cancellationToken);
            case PythonDynamoDb:
                return await PythonAsync(name, "boto3", HttpDynamoDb, cancellationToken);
            case PythonMySql:
                return await PythonAsync(name, "pymysql", NodeMySql, cancellationToken);
            case PythonRedis:
                return await PythonAsync(name, "redis", NodeRedis, cancellationToken);
            case PythonMongoDb:
                return await PythonAsync(name, "pymongo", NodeMongoDb, cancellationToken);
            case HttpDynamoDb:
                Require("curl", "curl 7.75 or newer");
                return new("bash", "examples/http-dynamodb/place-order.sh");
            case CSharp:
                // artifacts/…/bin/EndToEnd.Tests/debug, and beside it bin/PlaceOrder/debug.
                return new("dotnet", BuiltProgram.PathOf("PlaceOrder", "place-order.dll"));
            default:
                throw new ArgumentException($"There is no example {name}.");
        }
    }

    /// <summary>A script of examples/sql.</summary>
    public static ExampleProgram Psql(string file)
    {
        Require("psql", "PostgreSQL's client");
        return new("psql", "-X", "-f", $"examples/sql/{file}");
    }

    // The client takes the statements from its standard input, and an order id and an event id as variables.
    private static ExampleProgram MySql(string file)
    {
        Require("mysql", "the client of MySQL or MariaDB");
        return new(
            "bash",
            "-c",
            $$"""
            mysql --user=root --database=shop --default-character-set=utf8mb4 --batch --skip-column-names \
              ${1:+--init-command="SET @order_id = '$1', @event_id = '$2'"} < examples/sql/{{file}}
            """,
            "mysql");
    }

    /// <summary>A program of a folder with Node's packages.</summary>
    public static async Task<ExampleProgram> NodeAsync(string name, string file, CancellationToken cancellationToken)
    {
        await InstallAsync(name, cancellationToken);
        return new(Require("node", "Node.js 20 or newer"), $"examples/{name}/{file}");
    }

    private static async Task<ExampleProgram> PythonAsync(string name, string module, string otherwise, CancellationToken cancellationToken)
    {
        // Debian's packages are seen by Debian's interpreter alone.
        foreach (var interpreter in new[] { "python3", "/usr/bin/python3" })
        {
            if (Find(interpreter) is not null
                && (await new ExampleProgram(interpreter, "-c", $"import {module}").RunAsync(NoVariables, cancellationToken)).ExitCode == 0)
            {
                return new(interpreter, $"examples/{name}/place_order.py");
            }
        }

        TestContext.Current.AddWarning($"No Python here has {module}: examples/{otherwise} was run in place of examples/{name}.");
        return await GetAsync(otherwise, cancellationToken);
    }

    private static async Task InstallAsync(string name, CancellationToken cancellationToken)
    {
        var npm = Require("npm", "npm, which comes with Node.js");
        var folder = RepositoryRoot.Combine("examples", name);

        // npm writes this file last.
        var installed = new FileInfo(Path.Combine(folder, "node_modules", ".package-lock.json"));
        await Installing.WaitAsync(cancellationToken);
        try
        {
            if (installed.Exists && installed.LastWriteTimeUtc >= File.GetLastWriteTimeUtc(Path.Combine(folder, "package-lock.json")))
            {
                return;
            }

            var run = await new ExampleProgram(npm, "ci", "--prefix", folder, "--no-audit", "--no-fund", "--loglevel=error").RunAsync(
                NoVariables, cancellationToken);
            Assert.True(run.ExitCode == 0, $"npm could not install the packages of examples/{name}:\n{run.Errors}");
            File.SetLastWriteTimeUtc(installed.FullName, TimeProvider.System.GetUtcNow().UtcDateTime);
        }
        finally
        {
            Installing.Release();
        }
    }

    private static IReadOnlyDictionary<string, string> NoVariables { get; } = new Dictionary<string, string>();

    private static string Require(string program, string what) =>
        Find(program) ?? throw new InvalidOperationException($"This example needs {what}: `{program}` is not on the PATH.");

    private static string? Find(string program) => Path.IsPathRooted(program)
        ? File.Exists(program) ? program : null
        : (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);
}
