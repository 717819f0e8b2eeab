# TIDINGS_COMPILER_FLAGS(VARIABLE, FLAGS)
# Appends to VARIABLE each of FLAGS that the compiler takes without a warning.
AC_DEFUN([TIDINGS_COMPILER_FLAGS], [
	AC_SUBST([$1])
	for tidings_flag in $2; do
		AC_MSG_CHECKING([whether $CC takes $tidings_flag])
		tidings_saved=$CFLAGS
		CFLAGS="$CFLAGS -Werror $tidings_flag"
		AC_COMPILE_IFELSE([AC_LANG_PROGRAM],
			[AC_MSG_RESULT([yes]); AS_VAR_APPEND([$1], [" $tidings_flag"])],
			[AC_MSG_RESULT([no])])
		CFLAGS=$tidings_saved
	done
])

# TIDINGS_LINKER_FLAGS(VARIABLE, FLAGS)
# The same for linking; the program is compiled with HARDENING_CFLAGS.
AC_DEFUN([TIDINGS_LINKER_FLAGS], [
	AC_SUBST([$1])
	for tidings_flag in $2; do
		AC_MSG_CHECKING([whether $CC links with $tidings_flag])
		tidings_saved="$CFLAGS|$LDFLAGS"
		CFLAGS="$CFLAGS -Werror $HARDENING_CFLAGS"
		LDFLAGS="$LDFLAGS $tidings_flag"
		AC_LINK_IFELSE([AC_LANG_PROGRAM],
			[AC_MSG_RESULT([yes]); AS_VAR_APPEND([$1], [" $tidings_flag"])],
			[AC_MSG_RESULT([no])])
		CFLAGS=${tidings_saved%|*}
		LDFLAGS=${tidings_saved#*|}
	done
])

# TIDINGS_LIBRARY(VARIABLE, PKG-CONFIG NAME, DEBIAN PACKAGE)
# Sets VARIABLE_CFLAGS and VARIABLE_LIBS, or notes the package as missing.
AC_DEFUN([TIDINGS_LIBRARY], [
	PKG_CHECK_MODULES([$1], [$2], [], [AS_VAR_APPEND([missing], [" $3"])])
])

# TIDINGS_BERKELEY_DB(DEBIAN PACKAGE)
# The same for Berkeley DB 5.3, which has no pkg-config file.
AC_DEFUN([TIDINGS_BERKELEY_DB], [
	AC_ARG_VAR([DB_CFLAGS], [C compiler flags for Berkeley DB])
	AC_ARG_VAR([DB_LIBS], [linker flags for Berkeley DB])
	AC_MSG_CHECKING([for Berkeley DB 5.3])
	tidings_found=no
	tidings_saved="$CPPFLAGS|$LIBS"
	CPPFLAGS="$CPPFLAGS $DB_CFLAGS"
	for tidings_libs in "${DB_LIBS:--ldb-5.3}" -ldb; do
		LIBS="$tidings_libs ${tidings_saved#*|}"
		AC_LINK_IFELSE([AC_LANG_PROGRAM([[
			#include <db.h>
			#if DB_VERSION_MAJOR != 5 || DB_VERSION_MINOR != 3
			#error "not Berkeley DB 5.3"
			#endif
			]], [[DB_ENV *env; return db_env_create(&env, 0);]])],
			[tidings_found=yes; DB_LIBS=$tidings_libs; break])
	done
	CPPFLAGS=${tidings_saved%|*}
	LIBS=${tidings_saved#*|}
	AC_MSG_RESULT([$tidings_found])
	AS_IF([test $tidings_found = no], [AS_VAR_APPEND([missing], [" $1"])])
])

# TIDINGS_DIRECTORY(NAME, DEFAULT, WHAT)
# Adds --with-NAME=DIR and sets NAME; --without-NAME installs nothing there.
AC_DEFUN([TIDINGS_DIRECTORY], [
	AC_ARG_WITH([$1], [AS_HELP_STRING([--with-$1=DIR], [$3 @<:@$2@:>@])],
		[], [with_$1=yes])
	AS_CASE([$with_$1],
		[yes], [$1='$2'],
		[no], [$1=],
		[$1=$with_$1])
	AC_SUBST([$1])
])
